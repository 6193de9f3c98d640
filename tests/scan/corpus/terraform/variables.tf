variable "twilio_media_cidrs" {
  description = "RTP sources"
  type        = list(string)

  default = [
    "54.172.60.0/23",
    "34.203.250.0/23",
    "54.244.15.0/24",
    "52.215.127.0/24",
    "54.171.127.192/26",
    "177.71.206.192/26",
    "133.242.0.9/32", # office
    "95.216.4.8/32",
    "54.252.254.64/25",
  ]
}

variable "open_to_all" {
  type    = list(string)
  default = ["0.0.0.0/0"]
}
