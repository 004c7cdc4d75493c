//! The outputs, one file each
