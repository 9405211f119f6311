//! Settings of libtorch's arithmetic on a GPU that its bindings do not expose: TF32 and
//! deterministic cuDNN. By default libtorch lets convolutions round their inputs to TF32, and cuDNN
//! choose algorithms that add in any order.
//!
//! `unsafe`: calls C++ functions of libtorch by their symbols. They are methods of `at::Context`
//! that take a bool and set a field of its only instance, which lives as long as the process; their
//! symbols are the same from 2.9 to 2.11.
#![allow(unsafe_code)]

use std::ffi::c_void;

unsafe extern "C" {
    #[link_name = "_ZN2at13globalContextEv"]
    fn global_context() -> *mut c_void;
    #[link_name = "_ZN2at7Context18setAllowTF32CuBLASEb"]
    fn set_allow_tf32_cublas(context: *mut c_void, on: bool);
    #[link_name = "_ZN2at7Context17setAllowTF32CuDNNEb"]
    fn set_allow_tf32_cudnn(context: *mut c_void, on: bool);
    #[link_name = "_ZN2at7Context21setDeterministicCuDNNEb"]
    fn set_deterministic_cudnn(context: *mut c_void, on: bool);
    #[link_name = "_ZN2at7Context17setBenchmarkCuDNNEb"]
    fn set_benchmark_cudnn(context: *mut c_void, on: bool);
}

/// Sets whether matrix products and convolutions round their inputs to TF32, and restricts cuDNN to
/// deterministic algorithms, none of them chosen by timing.
pub(crate) fn set(tf32: bool) {
    // SAFETY: see the head of this file.
    unsafe {
        let context = global_context();
        set_allow_tf32_cublas(context, tf32);
        set_allow_tf32_cudnn(context, tf32);
        set_deterministic_cudnn(context, true);
        set_benchmark_cudnn(context, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" {
        #[link_name = "_ZNK2at7Context15allowTF32CuBLASEv"]
        fn allow_tf32_cublas(context: *const c_void) -> bool;
        #[link_name = "_ZNK2at7Context18deterministicCuDNNEv"]
        fn deterministic_cudnn(context: *const c_void) -> bool;
        #[link_name = "_ZNK2at7Context14benchmarkCuDNNEv"]
        fn benchmark_cudnn(context: *const c_void) -> bool;
    }

    #[test]
    fn what_is_set_is_what_libtorch_holds() {
        for tf32 in [true, false] {
            set(tf32);
            // SAFETY: methods that read a field of the one context.
            unsafe {
                assert_eq!(allow_tf32_cublas(global_context()), tf32);
                assert!(deterministic_cudnn(global_context()));
                assert!(!benchmark_cudnn(global_context()));
            }
        }
    }
}
