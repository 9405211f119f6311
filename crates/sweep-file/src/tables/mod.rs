//! The tables of a sweep file, a file each.

mod claim;
pub(crate) mod devices;
mod exclude;
pub(crate) mod function;
mod optimizer;
mod own_data;
mod reading;
mod regress;
mod repeat;
mod report;
mod slurm;
mod slurm_flags;
mod target;
pub(crate) mod train;
