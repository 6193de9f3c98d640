//! AWS: security groups and managed prefix lists, for the AWS command line, CloudFormation and
//! Terraform.

mod cloudformation;
mod prefix_list;
mod rule_resource;
mod rules;
mod security_group;
mod terraform;
mod words;

pub use cloudformation::CloudFormation;
pub use prefix_list::PrefixList;
pub use security_group::SecurityGroup;
pub use terraform::Terraform;
