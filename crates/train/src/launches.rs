//! Tests of how many kernels a step starts, counted by libtorch's own observers.
//!
//! `unsafe`: calls C++ functions of libtorch by their symbols, with the structure that
//! `at::addGlobalCallback` takes by value (`at::RecordFunctionCallback` of 2.9) and a callback that
//! returns an empty `std::unique_ptr` through the pointer it is given.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::path::Path;

use spec::event::Options;
use spec::{Id, RunSpec};
use sweep_file::{Overrides, load_text};

use crate::device::{ComputeGuard, NamedDevice};
use crate::feed::DeviceData;
use crate::job::Job;
use crate::order::Order;
use crate::{device, environment, select};

/// Operations that start no kernel: they make a view of existing memory, or allocate memory.
const NO_KERNEL: &[&str] = &[
    "aten::alias",
    "aten::as_strided",
    "aten::detach",
    "aten::empty",
    "aten::empty_like",
    "aten::empty_strided",
    "aten::expand",
    "aten::narrow",
    "aten::numpy_T",
    "aten::permute",
    "aten::reshape",
    "aten::_reshape_alias",
    "aten::resize_",
    "aten::resolve_conj",
    "aten::resolve_neg",
    "aten::result_type",
    "aten::select",
    "aten::slice",
    "aten::squeeze",
    "aten::t",
    "aten::to",
    "aten::transpose",
    "aten::unsqueeze",
    "aten::view",
    "aten::view_as",
    "aten::_unsafe_view",
];

#[repr(C)]
struct RecordFunctionCallback {
    start: extern "C" fn(*mut *mut c_void, *const c_void) -> *mut *mut c_void,
    end: extern "C" fn(*const c_void, *mut c_void),
    sampling: f64,
    scopes: [bool; 10],
    inputs: bool,
    outputs: bool,
    ids: bool,
}

unsafe extern "C" {
    #[link_name = "_ZN2at17addGlobalCallbackENS_22RecordFunctionCallbackE"]
    fn add_global_callback(callback: RecordFunctionCallback) -> u64;
    #[link_name = "_ZN2at14removeCallbackEm"]
    fn remove_callback(handle: u64);
    #[link_name = "_ZNK2at14RecordFunction4nameEv"]
    fn name(function: *const c_void) -> *const c_char;
}

thread_local! {
    /// Nesting depth of the operations in progress, then the names of the outermost operations of
    /// this thread.
    static SEEN: RefCell<(usize, Vec<String>)> = const { RefCell::new((0, Vec::new())) };
}

extern "C" fn start(out: *mut *mut c_void, function: *const c_void) -> *mut *mut c_void {
    // SAFETY: libtorch passes a place for the result and a function with a name.
    let name = unsafe {
        out.write(std::ptr::null_mut());
        CStr::from_ptr(name(function)).to_string_lossy().into_owned()
    };
    SEEN.with_borrow_mut(|(under_way, called)| {
        // Nested operations differ between CPU and GPU.
        if *under_way == 0 && !NO_KERNEL.contains(&name.as_str()) {
            called.push(name.trim_start_matches("aten::").to_owned());
        }
        *under_way += 1;
    });
    out
}

extern "C" fn end(_: *const c_void, _: *mut c_void) {
    SEEN.with_borrow_mut(|(under_way, _)| *under_way = under_way.saturating_sub(1));
}

/// Returns the operations that start a kernel while `work` runs on this thread.
fn launched(work: impl FnOnce()) -> Vec<String> {
    SEEN.take();
    // SAFETY: see the head of this file.
    unsafe {
        let handle = add_global_callback(RecordFunctionCallback {
            start,
            end,
            sampling: 1.0,
            scopes: [true; 10],
            inputs: false,
            outputs: false,
            ids: false,
        });
        work();
        remove_callback(handle);
    }
    SEEN.take().1
}

fn run_spec(model: &str, optimizer: &str) -> RunSpec {
    let text = format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 100\n[model]\n{model}\n[train]\nepochs = 1\n[[optimizer]]\n{optimizer}\n"
    );
    load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan.runs[0].spec.clone()
}

/// Returns the operations of the third step that start a kernel.
fn kernels(spec: &RunSpec, device: &NamedDevice, plain: bool) -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let data = DeviceData::load(&spec.data.dataset, &data, &data, device).unwrap();
    let options = Options::default();
    let environment = environment::describe(device, 1, plain);
    let job = Job { run_id: Id::of("run"), spec, options: &options, environment: &environment };
    let (split, samples, _) = data.split(&spec.data);
    let autodiff = device.device.clone().autodiff();
    let network = data.network(spec, &autodiff);
    let mut engine = select::engine(&job, &data, device, split, samples);
    let optimizer = engine.optimizer(&network);
    let order = Order::epoch(1, 1, samples, &spec.data, 1);
    engine.begin(1, (network, optimizer), &order);
    let bounds = order.bounds();
    for batch in &bounds[..2] {
        assert!(engine.step(1e-3, &order, &[*batch]));
    }
    launched(|| assert!(engine.step(1e-3, &order, &bounds[2..3])))
}

/// Counts the kernels of a step by Burn's own operations and of one by the GPU's engine, one per
/// called operation.
#[test]
fn a_step_starts_few_kernels() {
    let _guard = ComputeGuard::new();
    let cpu = device::open("libtorch:cpu", 1).unwrap();
    let gpu = cpu.clone().with_steps_of_gpu();
    let mut table = String::new();
    for model in ["mlp", "cnn"] {
        for optimizer in [
            "sgd",
            "sgd\nmomentum = 0.9",
            "rmsprop",
            "rmsprop\nmomentum = 0.9\ncentered = true",
            "adam",
            "adamw",
            "lion",
        ] {
            let (kind, rest) = optimizer.split_once('\n').unwrap_or((optimizer, ""));
            let spec = run_spec(&format!("kind = {model:?}"), &format!("kind = {kind:?}\n{rest}"));
            let [plain, few] =
                [(&cpu, true), (&gpu, false)].map(|(d, plain)| kernels(&spec, d, plain));
            let name = optimizer.replace('\n', ", ");
            table += &format!("{model} {name}: {} -> {}\n", plain.len(), few.len());
            if (model, optimizer) == ("mlp", "adam") {
                let wanted = "_addmm_activation addmm _log_softmax nll_loss nll_loss_backward \
                    _log_softmax_backward_data mm sum mm threshold_backward mm sum _fused_adam_";
                assert_eq!(few.join(" "), wanted);
            }
        }
    }
    assert_eq!(
        table,
        "\
mlp sgd: 48 -> 13
mlp sgd, momentum = 0.9: 60 -> 13
mlp rmsprop: 76 -> 18
mlp rmsprop, momentum = 0.9, centered = true: 104 -> 23
mlp adam: 92 -> 13
mlp adamw: 100 -> 13
mlp lion: 76 -> 76
cnn sgd: 86 -> 68
cnn sgd, momentum = 0.9: 116 -> 68
cnn rmsprop: 156 -> 127
cnn rmsprop, momentum = 0.9, centered = true: 226 -> 177
cnn adam: 196 -> 68
cnn adamw: 216 -> 68
cnn lion: 156 -> 156
"
    );
}
