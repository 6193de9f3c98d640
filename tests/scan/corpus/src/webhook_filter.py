# Only Twilio may call the webhook.
TWILIO_WEBHOOK_NETWORKS = [
    "54.171.127.192/30",
    "35.156.191.128/30",
    "0.0.0.0/0",
]
