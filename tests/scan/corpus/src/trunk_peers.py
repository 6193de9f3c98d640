# peers of the trunk, as tuples (address, prefix)
PEERS = [
    ('54.65.63.192', 30),
    ('54.65.63.192', 26),
    ('54.169.127.128', 30),
    ('54.169.127.128', 24),
]
