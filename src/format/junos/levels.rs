//! The statements at each level of a Junos configuration.
//!
//! Junos OS Routing Policies, Firewall Filters, and Traffic Policers User Guide, "[edit firewall]
//! Hierarchy Level" and "[edit policy-options] Hierarchy Level".

/// Statements at the top level. Every Junos configuration has some of them, and few other texts do.
pub(super) const OF_JUNOS: &[&str] = &[
    "chassis",
    "firewall",
    "groups",
    "interfaces",
    "policy-options",
    "protocols",
    "routing-options",
    "security",
    "snmp",
    "system",
    "version",
];

/// Other statements at the top level.
pub(super) const TOP: &[&str] = &[
    "access",
    "access-profile",
    "accounting-options",
    "applications",
    "apply-flags",
    "bridge-domains",
    "class-of-service",
    "diameter",
    "dynamic-profiles",
    "ethernet-switching-options",
    "event-options",
    "fabric",
    "forwarding-options",
    "jsrc",
    "jsrc-partition",
    "logical-systems",
    "multi-chassis",
    "multicast-snooping-options",
    "poe",
    "rcsid",
    "routing-instances",
    "schedulers",
    "services",
    "session-limit-group",
    "smtp",
    "switch-options",
    "tenants",
    "unified-edge",
    "virtual-chassis",
    "virtual-network-functions",
    "vlans",
    "vmhost",
    "wlan",
];

pub(super) const OF_POLICY_OPTIONS: &[&str] = &[
    "application-maps",
    "as-list",
    "as-list-group",
    "as-path",
    "as-path-group",
    "community",
    "condition",
    "damping",
    "defaults",
    "fast-lookup-tuple-list",
    "mac-list",
    "policy-statement",
    "redundancy-policy",
    "resolution-map",
    "rib-list",
    "route-distinguisher",
    "route-filter-list",
    "rtf-prefix-list",
    "satellite-policies",
    "skip-then-actions",
    "source-address-filter-list",
    "tunnel-attribute",
    "vsi-policy",
];

pub(super) const OF_FIREWALL: &[&str] = &[
    "atm-policer",
    "disable-arp-policers",
    "enhanced-hierarchical-policer",
    "flexible-match",
    "hierarchical-policer",
    "interface-set",
    "load-balance-group",
    "no-next-header-to-payload-protocol-mapping",
    "policer",
    "three-color-policer",
    "tunnel-end-point",
    "v6-flowlabel-enable",
];

pub(super) const FAMILIES: &[&str] = &[
    "any",
    "bridge",
    "ccc",
    "ethernet-switching",
    "evpn",
    "inet6",
    "mpls",
    "vpls",
];

pub(super) const OF_INET: &[&str] = &[
    "dialer-filter",
    "fast-update-filter",
    "prefix-action",
    "service-filter",
    "simple-filter",
    "template",
];

/// Returns the level of a listing, if its first statement occurs only at that level.
pub(super) fn level_above(first: &str) -> Option<&'static str> {
    if first == "family" || OF_FIREWALL.contains(&first) {
        Some("firewall")
    } else if first == "prefix-list" || OF_POLICY_OPTIONS.contains(&first) {
        Some("policy-options")
    } else {
        None
    }
}
