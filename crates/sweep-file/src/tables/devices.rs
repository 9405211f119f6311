//! `[devices]`: the devices that train runs, and their settings.

use spec::device::DeviceName;
use spec::params::{ParamType, Range, Value};
use spec::plan::{LibtorchSource, PoolEntry};
use spec::threads::Threads;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

spec::settings! {
    /// Devices that train the runs, and their arithmetic.
    Devices in "devices" {
        /// Devices of one kind, each with its number of concurrent runs; `"auto"` is every GPU that
        /// the worker offers, or the CPU if there is none.
        pool: Vec<PoolEntry> = Vec::new()
            => "a list of device names or of { device, slots }", "[\"auto\"]";
        /// Threads inside one run; `"auto"` measures which number finishes the sweep soonest.
        threads_per_run: Threads = Threads::default() => "a whole number or \"auto\"", "1";
        /// Whether runs may use the fast path; false uses Burn's operations only.
        fast_path: bool = true, Any;
        /// Whether a GPU may round the inputs of matrix products and convolutions to TF32.
        tf32: bool = false, Any;
        /// The libtorch that workers load.
        libtorch: LibtorchSource = LibtorchSource::default(), Any;
    }
}

impl Reader<'_> {
    /// Reads `[devices]`, and the place of `threads_per_run` if it is given.
    pub(crate) fn devices(&mut self, root: &Node) -> (Devices, Option<Place>) {
        let Some(node) = self.table(root, "devices", false) else {
            return (Devices::default(), None);
        };
        let mut out: Devices = self.settings(&node, &[]);
        let mut place = None;
        if let Some(entry) = node.get("threads_per_run") {
            out.threads_per_run = self.threads(&entry.value);
            place = Some(entry.value.place.clone());
        }
        out.pool = self.pool(&node);
        (out, place)
    }

    /// Reads `pool`, devices of one kind; empty by default.
    fn pool(&mut self, node: &Node) -> Vec<PoolEntry> {
        let count = setting("count", ParamType::Int, Range::Within(1.0, 1024.0));
        let mut pool = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let items = match node.get("pool").map(|e| &e.value) {
            None => &[][..],
            Some(Node { value: NodeValue::Array(items), .. }) if !items.is_empty() => items,
            Some(other) => {
                self.diagnostics.push(
                    Diagnostic::error("`pool` must be a list of devices", &other.place)
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
            let device: DeviceName = match device.parse() {
                Ok(device) => device,
                Err(reason) => {
                    let diagnostic = Diagnostic::error(reason, &place).help(DeviceName::HELP);
                    self.diagnostics.push(diagnostic);
                    continue;
                }
            };
            let kind = device.kind();
            let kinds = pool.iter().map(|entry: &PoolEntry| entry.device.kind());
            if let Some((first, first_place)) = kinds.zip(&places).find(|(k, _)| *k != kind) {
                self.diagnostics.push(
                    Diagnostic::error("the pool mixes kinds of devices", &place)
                        .label(kind.name())
                        .also(first_place, first.name())
                        .help("results are not bit-identical across kinds of devices: write one sweep for each kind"),
                );
                continue;
            }
            pool.push(PoolEntry { device, slots });
            places.push(place);
        }
        pool
    }
}
