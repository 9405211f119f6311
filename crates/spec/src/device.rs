//! Names of devices, as a pool lists them and a worker opens them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A device as a pool names it; stored and written as text: `libtorch:cuda:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceName {
    /// `auto`: every GPU that the worker offers, else libtorch on the CPU, else flex.
    Auto,
    /// `flex`: Burn's pure-Rust backend, on the CPU.
    Flex,
    /// `libtorch:cpu`.
    LibtorchCpu,
    /// `libtorch:cuda:N`: the GPU with this index, from 0.
    Cuda(u16),
    /// `libtorch:cuda:*`: every GPU that libtorch sees.
    EveryCuda,
}

/// A kind of device; devices of one kind compute alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The kind that [`DeviceName::Auto`] resolves to, not known yet.
    Auto,
    /// flex on a CPU.
    Flex,
    /// libtorch on a CPU.
    LibtorchCpu,
    /// libtorch on a GPU.
    Cuda,
}

impl DeviceName {
    /// The names that a pool may hold, for messages.
    pub const HELP: &'static str =
        "devices are: auto, flex, libtorch:cpu, libtorch:cuda:0 (any index), libtorch:cuda:*";

    /// Returns the kind of the device.
    pub fn kind(self) -> DeviceKind {
        match self {
            DeviceName::Auto => DeviceKind::Auto,
            DeviceName::Flex => DeviceKind::Flex,
            DeviceName::LibtorchCpu => DeviceKind::LibtorchCpu,
            DeviceName::Cuda(_) | DeviceName::EveryCuda => DeviceKind::Cuda,
        }
    }

    /// Returns whether the name is that of GPUs; false for `auto`.
    pub fn is_cuda(self) -> bool {
        self.kind() == DeviceKind::Cuda
    }

    /// Returns the index of the GPU, from 0; `None` for other devices and for
    /// [`DeviceName::EveryCuda`].
    pub fn gpu(self) -> Option<usize> {
        if let DeviceName::Cuda(index) = self { Some(usize::from(index)) } else { None }
    }

    /// Returns the backend, `libtorch` or `flex`; `None` for `auto`.
    pub fn backend(self) -> Option<&'static str> {
        match self.kind() {
            DeviceKind::Auto => None,
            DeviceKind::Flex => Some("flex"),
            DeviceKind::LibtorchCpu | DeviceKind::Cuda => Some("libtorch"),
        }
    }
}

impl DeviceKind {
    /// Returns the name of the kind: `libtorch:cuda`.
    pub fn name(self) -> &'static str {
        match self {
            DeviceKind::Auto => "auto",
            DeviceKind::Flex => "flex",
            DeviceKind::LibtorchCpu => "libtorch:cpu",
            DeviceKind::Cuda => "libtorch:cuda",
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceName::Cuda(index) => write!(f, "libtorch:cuda:{index}"),
            DeviceName::EveryCuda => f.write_str("libtorch:cuda:*"),
            other => f.write_str(other.kind().name()),
        }
    }
}

impl FromStr for DeviceName {
    type Err = String;

    /// Parses a name. The error states that there is no such device; a caller may add
    /// [`DeviceName::HELP`].
    fn from_str(name: &str) -> Result<Self, String> {
        let index = |text: &str| {
            let number = text.parse::<u16>().ok().filter(|n| n.to_string() == text);
            number.filter(|n| *n < 10_000).map(DeviceName::Cuda)
        };
        let found = match name {
            "auto" => Some(DeviceName::Auto),
            "flex" => Some(DeviceName::Flex),
            "libtorch:cpu" => Some(DeviceName::LibtorchCpu),
            "libtorch:cuda:*" => Some(DeviceName::EveryCuda),
            _ => name.strip_prefix("libtorch:cuda:").and_then(index),
        };
        found.ok_or_else(|| format!("there is no device `{}`", name.escape_debug()))
    }
}

impl Serialize for DeviceName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeviceName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for name in [
            "auto",
            "flex",
            "libtorch:cpu",
            "libtorch:cuda:0",
            "libtorch:cuda:12",
            "libtorch:cuda:*",
        ] {
            assert_eq!(name.parse::<DeviceName>().unwrap().to_string(), name);
        }
        for bad in [
            "",
            "cpu",
            "cuda",
            "libtorch",
            "libtorch:cuda",
            "libtorch:cuda:",
            "libtorch:cuda:01",
            "libtorch:cuda:-1",
            "libtorch:cuda:10000",
            "libtorch:cuda:70000",
        ] {
            assert!(bad.parse::<DeviceName>().is_err(), "{bad}");
        }
        assert_eq!(DeviceName::Cuda(3).kind(), DeviceName::EveryCuda.kind());
        assert_eq!(
            (DeviceName::Cuda(3).gpu(), DeviceName::Flex.backend()),
            (Some(3), Some("flex"))
        );
    }
}
