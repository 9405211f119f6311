//! libtorch's fused updates, which its bindings do not expose: one kernel updates every tensor of a
//! list, where single operations take 5 to 13 kernels per tensor.
//!
//! `unsafe`: calls C++ functions of libtorch by their symbols, which are the same from 2.9 to 2.11
//! (`at::_ops::_fused_sgd_::call` and similar).
//! - An `at::ArrayRef<at::Tensor>` is a pointer and a length, passed by value; an `at::Tensor` is
//!   one pointer. [`List`] holds copies of these pointers without counting references, and borrows
//!   the tensors, which therefore outlive it.
//! - An empty `std::optional<at::Tensor>` is a pointer-sized field of any content and a flag that
//!   is false.
//! - A C++ exception does not unwind through Rust: it ends the process, as a fault of the GPU would
//!   at the next operation.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::marker::PhantomData;

use tch::Tensor;

#[repr(C)]
#[derive(Clone, Copy)]
struct ArrayRef {
    data: *const *mut c_void,
    length: usize,
}

/// `std::nullopt` of a tensor.
#[repr(C)]
struct NoTensor {
    value: *mut c_void,
    there: bool,
}

const NONE: NoTensor = NoTensor { value: std::ptr::null_mut(), there: false };

unsafe extern "C" {
    #[link_name = "_ZN2at4_ops11_fused_sgd_4callEN3c108ArrayRefINS_6TensorEEES5_S5_ddddbbbRKSt8optionalIS4_ES9_"]
    fn fused_sgd(
        parameters: ArrayRef,
        gradients: ArrayRef,
        velocities: ArrayRef,
        weight_decay: f64,
        momentum: f64,
        lr: f64,
        dampening: f64,
        nesterov: bool,
        maximize: bool,
        is_first_step: bool,
        gradient_scale: *const NoTensor,
        found_infinite: *const NoTensor,
    );
    #[link_name = "_ZN2at4_ops12_fused_adam_4callEN3c108ArrayRefINS_6TensorEEES5_S5_S5_S5_S5_dddddbbRKSt8optionalIS4_ES9_"]
    fn fused_adam(
        parameters: ArrayRef,
        gradients: ArrayRef,
        means: ArrayRef,
        squares: ArrayRef,
        maximal_squares: ArrayRef,
        steps: ArrayRef,
        lr: f64,
        beta1: f64,
        beta2: f64,
        weight_decay: f64,
        eps: f64,
        amsgrad: bool,
        maximize: bool,
        gradient_scale: *const NoTensor,
        found_infinite: *const NoTensor,
    );
    #[link_name = "_ZN2at4_ops13_fused_adamw_4callEN3c108ArrayRefINS_6TensorEEES5_S5_S5_S5_S5_dddddbbRKSt8optionalIS4_ES9_"]
    fn fused_adamw(
        parameters: ArrayRef,
        gradients: ArrayRef,
        means: ArrayRef,
        squares: ArrayRef,
        maximal_squares: ArrayRef,
        steps: ArrayRef,
        lr: f64,
        beta1: f64,
        beta2: f64,
        weight_decay: f64,
        eps: f64,
        amsgrad: bool,
        maximize: bool,
        gradient_scale: *const NoTensor,
        found_infinite: *const NoTensor,
    );
}

/// A list of tensors in C++'s layout.
pub(super) struct List<'a> {
    pointers: Vec<*mut c_void>,
    tensors: PhantomData<&'a Tensor>,
}

impl<'a> List<'a> {
    pub(super) fn new(tensors: impl IntoIterator<Item = &'a Tensor>) -> Self {
        // SAFETY: a tensor of the bindings points to an `at::Tensor`; see the head of this file.
        let pointer = |tensor: &Tensor| unsafe { *tensor.as_ptr().cast::<*mut c_void>() };
        List { pointers: tensors.into_iter().map(pointer).collect(), tensors: PhantomData }
    }

    fn array(&self) -> ArrayRef {
        ArrayRef { data: self.pointers.as_ptr(), length: self.pointers.len() }
    }
}

/// Settings of a step of SGD.
pub(super) struct SgdStep {
    pub(super) lr: f64,
    pub(super) momentum: f64,
    pub(super) dampening: f64,
    pub(super) nesterov: bool,
    pub(super) weight_decay: f64,
    /// True if the velocity is set to the gradient.
    pub(super) first: bool,
}

/// Updates `parameters` and `velocities`; the latter are empty without momentum.
pub(super) fn sgd(parameters: &List, gradients: &List, velocities: &List, step: &SgdStep) {
    assert_eq!(parameters.pointers.len(), gradients.pointers.len());
    // SAFETY: see the head of this file.
    unsafe {
        fused_sgd(
            parameters.array(),
            gradients.array(),
            velocities.array(),
            step.weight_decay,
            step.momentum,
            step.lr,
            step.dampening,
            step.nesterov,
            false,
            step.first,
            &NONE,
            &NONE,
        );
    }
}

/// Settings of a step of Adam or AdamW.
pub(super) struct AdamStep {
    pub(super) lr: f64,
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) eps: f64,
    pub(super) weight_decay: f64,
    /// True for decoupled weight decay (AdamW), false for an L2 penalty in the gradient (Adam).
    pub(super) decoupled: bool,
}

/// Updates `parameters`, `means` and `squares`. Each tensor of `steps`, one per parameter, holds
/// the number of this step, from 1, as float32 on the device.
pub(super) fn adam(
    parameters: &List,
    gradients: &List,
    [means, squares]: [&List; 2],
    steps: &List,
    step: &AdamStep,
) {
    let lengths = [gradients, means, squares, steps].map(|list| list.pointers.len());
    assert_eq!(lengths, [parameters.pointers.len(); 4]);
    let none = List::new([]);
    let call = if step.decoupled { fused_adamw } else { fused_adam };
    // SAFETY: see the head of this file.
    unsafe {
        call(
            parameters.array(),
            gradients.array(),
            means.array(),
            squares.array(),
            none.array(),
            steps.array(),
            step.lr,
            step.beta1,
            step.beta2,
            step.weight_decay,
            step.eps,
            false,
            false,
            &NONE,
            &NONE,
        );
    }
}
