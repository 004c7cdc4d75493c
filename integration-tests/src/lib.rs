//! Tests against real servers, real containers and real kernels
