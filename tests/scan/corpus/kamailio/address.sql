-- permissions module, table of trusted addresses
DROP TABLE IF EXISTS `address`;
CREATE TABLE `address` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `grp` int unsigned NOT NULL DEFAULT '1',
  `ip_addr` varchar(50) NOT NULL,
  `mask` int NOT NULL DEFAULT '32',
  `port` smallint unsigned NOT NULL DEFAULT '0',
  `tag` varchar(64) DEFAULT NULL,
  PRIMARY KEY (`id`)
);
INSERT INTO `address` VALUES (1,1,'54.172.60.0',30,0,'twilio us1');
INSERT INTO `address` VALUES (2,1,'54.171.127.192',30,0,'twilio ie1');
INSERT INTO `address` VALUES (3,1,'54.171.127.192', 26, 0, 'twilio ie1 media');
INSERT INTO `address` VALUES (4,1,'54.244.5.0',30,0,'twilio us2');
INSERT INTO `address` VALUES (5,2,'133.242.0.9',32,5060,'pbx'); -- office
INSERT INTO `address` VALUES (6,1,'35.156.191.128',30,0,'twilio de1'),(7,1,'54.65.63.192',24,0,'twilio jp1'),(8,1,'168.86.128.0',18,0,'twilio media');
