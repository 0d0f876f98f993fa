//! The rows of the tables: what is done with the servers of each, and what is measured meanwhile.

pub(crate) mod churn;
pub(crate) mod fanout;
pub(crate) mod flood;
pub(crate) mod footprint;
pub(crate) mod idle;
pub(crate) mod latency;
pub(crate) mod stalled;
