# one rule for the trunk
$twilio = @(
    '54.172.60.0/30',
    '54.244.51.0/30',
    '168.86.128.0/18',
    '54.244.51.0/24'
)
$office = '198.20.5.0/28'

New-NetFirewallRule -DisplayName 'SIP' -Direction Inbound -Protocol UDP `
    -LocalPort 5060 -RemoteAddress $twilio -Action Allow
New-NetFirewallRule -DisplayName 'RDP' -Direction Inbound -Protocol TCP `
    -LocalPort 3389 -RemoteAddress $office -Action Allow
