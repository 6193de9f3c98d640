var ranges = new Dictionary<string, string[]> {
    { "us-east-1", new[] {
        "81.2.69.0/25",
    } },
    { "eu-west-1", new[] {
        "81.2.69.128/25",
    } },
    { "twilio", new string[0] },
};
