//! `[devices]`: where runs are trained, and how.

use spec::params::{ParamType, ParamValue, Range, Value};
use spec::plan::{LibtorchSource, PoolEntry};
use spec::threads::Threads;

use crate::axis;
use crate::device;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

const KEYS: [&str; 5] = ["pool", "threads_per_run", "fast_path", "tf32", "libtorch"];

/// `[devices]` as it was read.
pub(crate) struct Devices {
    /// Empty means `auto`.
    pub(crate) pool: Vec<PoolEntry>,
    /// Threads inside one run, and where that is written.
    pub(crate) threads: Threads,
    pub(crate) threads_place: Option<Place>,
    /// Whether the fast path may be taken.
    pub(crate) fast_path: bool,
    /// A GPU may round the inputs of products to TF32.
    pub(crate) tf32: bool,
    /// The libtorch that workers load.
    pub(crate) libtorch: LibtorchSource,
}

impl Default for Devices {
    fn default() -> Self {
        Devices {
            pool: Vec::new(),
            threads: Threads::default(),
            threads_place: None,
            fast_path: true,
            tf32: false,
            libtorch: LibtorchSource::default(),
        }
    }
}

impl Reader<'_> {
    /// `[devices]`.
    pub(crate) fn devices(&mut self, root: &Node) -> Devices {
        let Some(node) = self.table(root, "devices", false) else {
            return Devices::default();
        };
        self.known_keys(&node, &KEYS, "[devices]");
        let mut switch = |name: &'static str, default: bool| {
            let descriptor = setting(name, ParamType::Bool, Range::Any);
            let path = format!("devices.{name}");
            let value = node
                .get(name)
                .and_then(|e| axis::scalar(&path, &descriptor, &e.value, self.diagnostics));
            value.map_or(default, |value| value == Value::Bool(true))
        };
        let (fast_path, tf32) = (switch("fast_path", true), switch("tf32", false));
        let source = setting("libtorch", ParamType::Choice(LibtorchSource::NAMES), Range::Any);
        let libtorch = node
            .get("libtorch")
            .and_then(|e| axis::scalar("devices.libtorch", &source, &e.value, self.diagnostics))
            .and_then(|value| LibtorchSource::from_value(&value))
            .unwrap_or_default();
        let threads = node.get("threads_per_run").map(|e| &e.value);
        let (threads, threads_place) = match threads {
            Some(value) => (self.threads(value), Some(value.place.clone())),
            None => (Threads::default(), None),
        };
        let pool = self.pool(&node);
        Devices { pool, threads, threads_place, fast_path, tf32, libtorch }
    }

    /// `pool`: devices of one kind.
    fn pool(&mut self, node: &Node) -> Vec<PoolEntry> {
        let count = setting("count", ParamType::Int, Range::Within(1.0, 1024.0));
        let mut pool = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let items = match node.get("pool").map(|e| &e.value) {
            None => &[][..],
            Some(Node { value: NodeValue::Array(items), .. }) if !items.is_empty() => items,
            Some(other) => {
                self.diagnostics.push(
                    Diagnostic::error("`pool` is a list of devices", &other.place)
                        .help("for example pool = [\"auto\"]"),
                );
                &[][..]
            }
        };
        for item in items {
            let (device, slots, place) = match &item.value {
                NodeValue::Text(s) => (s.clone(), None, item.place.clone()),
                NodeValue::Table(_) => {
                    self.known_keys(item, &["device", "slots"], "a device of the pool");
                    let slots = item
                        .get("slots")
                        .and_then(|e| axis::scalar("slots", &count, &e.value, self.diagnostics));
                    let slots = if let Some(Value::Int(n)) = slots { Some(n as u64) } else { None };
                    let Some(device) = self.text(item, "device") else {
                        self.diagnostics.push(Diagnostic::error(
                            "a device of the pool needs `device`",
                            &item.place,
                        ));
                        continue;
                    };
                    (device, slots, item.place.clone())
                }
                _ => {
                    self.wrong_type("devices.pool", "a device name", item);
                    continue;
                }
            };
            if let Err(reason) = device::check(&device) {
                self.diagnostics.push(Diagnostic::error(reason, &place).help(device::HELP));
                continue;
            }
            let kind = device::kind(&device);
            if let Some((first, first_place)) = pool
                .iter()
                .map(|p: &PoolEntry| device::kind(&p.device))
                .zip(&places)
                .find(|(k, _)| *k != kind)
            {
                self.diagnostics.push(
                    Diagnostic::error("the pool mixes kinds of devices", &place)
                        .label(kind)
                        .also(first_place, first)
                        .help("runs on different kinds of devices differ in their bits: write one sweep for each"),
                );
                continue;
            }
            pool.push(PoolEntry { device, slots });
            places.push(place);
        }
        pool
    }
}
