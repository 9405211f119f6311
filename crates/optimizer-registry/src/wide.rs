//! Compiles a loop for wider registers, too.
//!
//! `unsafe`: a function compiled for an instruction set may be called only if the processor has it,
//! which is checked right before the call.
//!
//! The release profile compiles for any x86-64 processor, with registers of four numbers. Results
//! do not depend on the width: the compiler contracts no multiplication and addition, and the order
//! of sums is that of the source.

/// Defines a function whose body is also compiled for AVX2, which is used if the processor has it.
/// The function returns nothing: results go into its arguments.
#[macro_export]
macro_rules! wide {
    ($(#[$about:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$about])*
        #[allow(unsafe_code, clippy::too_many_arguments)]
        $visible fn $name($($argument: $type),*) {
            #[inline(always)]
            fn body($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) {
                    body($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    unsafe { avx2($($argument),*) };
                    return;
                }
            }
            body($($argument),*);
        }
    };
}
