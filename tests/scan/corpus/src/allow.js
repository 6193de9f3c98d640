'use strict';

// Twilio SIP edges
const signaling = [
  '54.172.60.0', '54.172.60.1', '54.172.60.2', '54.172.60.3',
  '54.244.51.0', '54.244.51.1', '54.244.51.2', '54.244.15.3',
  '54.171.127.192', '54.171.127.193', '54.171.127.194', '54.171.127.191',
];

// Twilio media
const media = [
  { from: '54.172.60.0', to: '54.172.61.255' },
  { from: '168.86.128.0', to: '168.86.191.255' },
];

function isLocal(address) {
  return address === '127.0.0.1' || address.startsWith('192.168.');
}

module.exports = { signaling, media, isLocal };
