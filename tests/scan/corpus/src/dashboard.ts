export const sample = { carrier: "Twilio", sourceIp: "54.172.60.1", port: 5060 };
