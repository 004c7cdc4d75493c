//! Events, the host they happened on, and the table of fields that rules read
