//! Identifies the processor: its name, its family and the instruction sets by which kernels are
//! chosen.

/// The file in which Linux describes processors.
const CPUINFO: &str = "/proc/cpuinfo";

/// Returns the product name, `unknown` if the system does not provide it.
pub(crate) fn name() -> String {
    let text = std::fs::read_to_string(CPUINFO).unwrap_or_default();
    field(&text, "model name").unwrap_or("unknown").to_owned()
}

/// Returns vendor, family and model: `AuthenticAMD family 25 model 17`; on ARM
/// `implementer 0x41 part 0xd0c`. `None` if the system does not provide them.
pub(crate) fn family() -> Option<String> {
    family_of(&std::fs::read_to_string(CPUINFO).ok()?)
}

fn family_of(text: &str) -> Option<String> {
    if let Some(family) = field(text, "cpu family") {
        return Some(format!(
            "{} family {family} model {}",
            field(text, "vendor_id")?,
            field(text, "model")?
        ));
    }
    let (implementer, part) = (field(text, "CPU implementer")?, field(text, "CPU part")?);
    Some(format!("implementer {implementer} part {part}"))
}

/// Returns a field of the first processor in the text of [`CPUINFO`].
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Returns the instruction sets by which kernels choose their code, and thereby a result's bits,
/// separated by spaces; on processors other than x86-64, the architecture's name.
pub(crate) fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let mut out = Vec::new();
        macro_rules! ask {
            ($($name:tt)+) => { $(if std::arch::is_x86_feature_detected!($name) { out.push($name); })+ };
        }
        ask!("sse4.2" "avx" "fma" "avx2" "avx512f" "avx512bw" "avx512vl" "avx512vnni" "avx512bf16");
        out.join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        std::env::consts::ARCH.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_read_on_x86_and_arm() {
        let x86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n\
                   model name\t: AMD EPYC 9V74 80-Core Processor\nstepping\t: 1\n\nprocessor\t: 1\n";
        assert_eq!(family_of(x86).as_deref(), Some("AuthenticAMD family 25 model 17"));
        assert_eq!(field(x86, "model name"), Some("AMD EPYC 9V74 80-Core Processor"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(family_of(arm).as_deref(), Some("implementer 0x41 part 0xd0c"));
        assert_eq!(family_of("processor: 0\n"), None);
    }
}
