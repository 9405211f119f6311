//! Names of devices in a pool.

/// What may stand in a pool.
pub const HELP: &str =
    "devices are: auto, flex, libtorch:cpu, libtorch:cuda:0 (any index), libtorch:cuda:*";

/// Whether `name` has the form of a device.
///
/// # Errors
/// The message for the user.
pub fn check(name: &str) -> Result<(), String> {
    let index = name.strip_prefix("libtorch:cuda:");
    let known = matches!(name, "auto" | "flex" | "libtorch:cpu" | "libtorch:cuda:*");
    if known
        || index.is_some_and(|i| i.len() <= 4 && i.parse::<u16>().is_ok_and(|n| n.to_string() == i))
    {
        Ok(())
    } else {
        Err(format!("there is no device `{}`", name.escape_debug()))
    }
}

/// Devices of one kind compute alike: `auto`, `flex`, `libtorch:cpu`, `libtorch:cuda`.
pub fn kind(name: &str) -> &str {
    if name.starts_with("libtorch:cuda") { "libtorch:cuda" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_checked() {
        for good in [
            "auto",
            "flex",
            "libtorch:cpu",
            "libtorch:cuda:0",
            "libtorch:cuda:12",
            "libtorch:cuda:*",
        ] {
            assert!(check(good).is_ok(), "{good}");
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
            "libtorch:cuda:70000",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(kind("libtorch:cuda:3"), kind("libtorch:cuda:*"));
    }
}
