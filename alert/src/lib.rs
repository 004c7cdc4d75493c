//! Alerts and notifications: what the detector makes and the outputs send
