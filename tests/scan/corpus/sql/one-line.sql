INSERT INTO acl (network, bits) VALUES ('54.172.60.0',30),('54.244.51.0',30),('81.2.69.0',30);
