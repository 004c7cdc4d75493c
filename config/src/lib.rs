//! falco.yaml read into typed settings, and the shipped rules
