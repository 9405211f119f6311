//! Environment of workers: the libtorch of the Python on the PATH if it is requested, and the GPU
//! of a slot, numbered as by `nvidia-smi` and without TF32.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use support::Sandbox;

/// Claims a libtorch and a GPU, notes the environment it is started in, and lets every run
/// diverge at once, which is a result.
const WORKER: &str = r#"#!/bin/bash
for name in LD_LIBRARY_PATH CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER NVIDIA_TF32_OVERRIDE; do
  echo "$name=${!name-unset}"
done > "$NOTES/${1#--}"
echo "$*" >> "$NOTES/arguments"
if [ "$1" = --probe ]; then
  echo '{"protocol":4,"backends":["libtorch"],"libtorch":"2.11.0","libtorch_kind":"cuda","cuda":true,"devices":["libtorch:cpu","libtorch:cuda:0","libtorch:cuda:1"],"code":"fake"}'
  exit 0
fi
tf32=false
[[ "$*" == *--tf32* ]] && tf32=true
echo "{\"event\":\"ready\",\"protocol\":4,\"environment\":{\"backend\":\"libtorch\",\"device_kind\":\"cuda\",\"device_model\":\"none\",\"cpu_features\":\"\",\"threads\":1,\"burn\":\"0\",\"libtorch\":\"2.11.0\",\"tf32\":$tf32,\"code\":\"fake\"}}"
while read -r line; do
  id=$(sed 's/.*"run_id":"\([0-9a-f]*\)".*/\1/' <<<"$line")
  echo "{\"event\":\"finished\",\"run_id\":\"$id\",\"outcome\":{\"status\":\"diverged\",\"stop_reason\":null,\"epochs_completed\":0,\"steps\":1,\"diverged_step\":1,\"last_finite_loss\":null,\"train_seconds\":0.1,\"eval_seconds\":0.0,\"init_digest\":\"a\",\"batch_digest\":[\"b\"],\"weights_digest\":null,\"dataset_digest\":\"d\",\"metrics\":[]}}"
done
"#;

struct Place {
    sandbox: Sandbox,
    notes: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Place { sandbox: Sandbox::with_script(WORKER), notes: tempfile::tempdir().unwrap() }
    }

    /// Puts a python3 first on the PATH that prints this of its torch.
    fn python(&self, said: &str) {
        let path = self.notes.path().join("bin/python3");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\nprintf '{said}'\n[ -n '{said}' ]\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, name: &str, devices: &str, more: &[&str]) -> (i32, String) {
        let text = format!(
            "name = \"{name}\"\n[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n\
             [train]\nepochs = 1\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n[devices]\n{devices}\n"
        );
        self.sandbox.sweep_file(name, &text);
        let file = format!("experiments/{name}.toml");
        let mut args = vec!["run", &file, "--no-report"];
        args.extend(more);
        let path = format!(
            "{}:{}",
            self.notes.path().join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = self.sandbox.command(&args);
        command.env("NOTES", self.notes.path()).env("PATH", path);
        for name in ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "LIBTORCH_USE_PYTORCH"] {
            command.env_remove(name);
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (status.code().unwrap(), text.concat())
    }

    fn noted(&self, what: &str) -> String {
        fs::read_to_string(self.notes.path().join(what)).unwrap()
    }
}

const CPU: &str = "pool = [\"libtorch:cpu\"]\nlibtorch = \"python\"";

#[test]
fn workers_load_the_torch_of_python_where_the_file_asks_for_it() {
    let place = Place::new();
    place.python("2.11.0+cu130\\n/venv/torch\\n");
    let (code, text) = place.run("asked", CPU, &[]);
    assert_eq!(code, 0, "{text}");
    for what in ["probe", "device"] {
        assert!(place.noted(what).contains("LD_LIBRARY_PATH=/venv/torch/lib\n"), "{what}");
    }
    let (code, text) = place.run("unasked", "pool = [\"libtorch:cpu\"]", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(place.noted("device").contains("LD_LIBRARY_PATH=unset\n"));
}

#[test]
fn a_torch_of_python_that_cannot_be_used_trains_nothing() {
    let place = Place::new();
    for (said, why) in [
        ("", "python3 has no torch"),
        ("2.12.0\\n/venv/torch\\n", "libtorch 2.12.0 does not fit"),
        // The worker has loaded another than Python has.
        (
            "2.10.0\\n/venv/torch\\n",
            "torch 2.10.0 in /venv/torch, but the worker loads libtorch 2.11.0",
        ),
    ] {
        place.python(said);
        let (code, text) = place.run("refused", CPU, &[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(why), "{text}");
        assert!(!place.notes.path().join("device").exists(), "nothing is trained");
    }
}

#[test]
fn a_slot_sees_its_gpu_alone_in_the_order_of_nvidia_smi_and_without_tf32() {
    let place = Place::new();
    let (code, text) = place.run("gpu", "pool = [\"libtorch:cuda:1\"]", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(place.noted("probe").contains("CUDA_DEVICE_ORDER=PCI_BUS_ID\n"));
    let noted = place.noted("device");
    for line in
        ["CUDA_VISIBLE_DEVICES=1\n", "CUDA_DEVICE_ORDER=PCI_BUS_ID\n", "NVIDIA_TF32_OVERRIDE=0\n"]
    {
        assert!(noted.contains(line), "{noted}");
    }
    assert!(!place.noted("arguments").contains("--tf32"));

    // Results without TF32 are not reused for it, and those with it are.
    let with = "pool = [\"libtorch:cuda:1\"]\ntf32 = true";
    let (code, text) = place.run("gpu", with, &["--plan"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("not libtorch on cuda with 1 in TF32"), "{text}");
    let (code, text) = place.run("gpu", with, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(place.noted("device").contains("NVIDIA_TF32_OVERRIDE=unset\n"));
    assert!(place.noted("arguments").contains("--tf32"));
    let (_, text) = place.run("gpu", with, &[]);
    assert!(text.contains("nothing to train"), "{text}");
    let kept: Vec<Option<bool>> =
        place.sandbox.records("gpu").iter().map(|r| r.exec.as_ref().unwrap().tf32).collect();
    assert_eq!(kept, [Some(false), Some(true)]);
}
