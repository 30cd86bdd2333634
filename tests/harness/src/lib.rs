//! Boots the product for the tests: hosts, fault proxy, people and projects.
