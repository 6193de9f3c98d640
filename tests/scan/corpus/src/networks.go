package allow

import "net/netip"

// Signaling holds the addresses that Twilio sends INVITEs from.
var Signaling = []netip.Prefix{
	netip.MustParsePrefix("54.172.60.0/30"),
	netip.MustParsePrefix("54.244.51.0/30"),
	netip.MustParsePrefix("54.171.127.192/30"),
	netip.MustParsePrefix("35.156.191.128/30"),
	netip.MustParsePrefix("54.65.63.192/30"),
	netip.MustParsePrefix("54.169.127.128/30"),
	netip.MustParsePrefix("54.252.254.64/30"),
	netip.MustParsePrefix("177.71.206.192/30"),
}

// Media holds the addresses that RTP comes from.
var Media = []netip.Prefix{
	netip.MustParsePrefix("168.86.128.0/20"),
	netip.MustParsePrefix("168.86.114.0/20"),
	netip.MustParsePrefix("168.86.160.0/19"),
}
