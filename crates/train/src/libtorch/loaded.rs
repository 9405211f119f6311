//! The libtorch that this process has loaded, which may differ from the one it was linked with: its
//! version, its folder, and its CUDA library, which a worker linked without CUDA loads itself.
//!
//! `unsafe`: calls a C function of libtorch that takes nothing and returns a constant, and `dlopen`
//! with the path of a libtorch library, whose initializers also run when a program is linked with
//! it.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use torch_version::Version;

unsafe extern "C" {
    safe fn aoti_torch_abi_version() -> u64;
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
}

/// `RTLD_NOW | RTLD_GLOBAL` of Linux.
const NOW_AND_FOR_ALL: c_int = 0x102;

const CPU_LIBRARY: &str = "libtorch_cpu.so";
const CUDA_LIBRARY: &str = "libtorch_cuda.so";

/// Returns the version of the loaded libtorch.
pub(crate) fn version() -> Version {
    Version::from_abi(aoti_torch_abi_version())
}

/// Returns why the loaded version cannot be used; `None` if it can.
pub(crate) fn refused() -> Option<String> {
    let built = env!("SWEEP_BUILT_LIBTORCH").parse().ok();
    torch_version::refused_by_a_program_of(built, version())
}

/// Returns the folder of the loaded libraries; `None` if the system does not list them.
pub(crate) fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = || folder_in(&std::fs::read_to_string("/proc/self/maps").ok()?);
    FOLDER.get_or_init(found).as_deref()
}

/// Finds libtorch's folder in the text of `/proc/self/maps`, a process's list of mappings.
fn folder_in(maps: &str) -> Option<PathBuf> {
    let of_line = |line: &str| {
        let path = Path::new(&line[line.find('/')?..]);
        (path.file_name()? == CPU_LIBRARY).then(|| path.parent().map(Path::to_path_buf))?
    };
    maps.lines().find_map(of_line)
}

/// Returns true if this libtorch includes CUDA.
pub(crate) fn has_cuda() -> bool {
    tch::utils::has_cudart() || folder().is_some_and(|folder| folder.join(CUDA_LIBRARY).exists())
}

/// Loads the CUDA library in libtorch's folder, which registers CUDA with libtorch; a no-op if
/// there is none or it is already loaded. A failure is logged to standard error: libtorch then sees
/// no GPU.
pub(crate) fn load_cuda() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let library = folder().map(|folder| folder.join(CUDA_LIBRARY));
        let Some(library) = library.filter(|path| path.exists()) else { return };
        let Ok(path) = CString::new(library.as_os_str().as_bytes()) else { return };
        // SAFETY: a path that ends in a null byte; see the head of this file.
        let handle = unsafe { dlopen(path.as_ptr(), NOW_AND_FOR_ALL) };
        if handle.is_null() {
            eprintln!(
                "sweep-worker: {} cannot be loaded, so that no GPU can be used; `ldd` of it names \
                 what is missing",
                library.display()
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaded_one_fits_and_lies_where_it_was_linked() {
        assert_eq!(refused(), None);
        assert_eq!(version().major, 2);
        let folder = folder().expect("Linux lists what is mapped");
        assert!(folder.join(CPU_LIBRARY).is_file(), "{}", folder.display());
    }

    #[test]
    fn the_folder_is_read_from_the_mappings() {
        let maps = "7f00-7f10 r-xp 00000000 08:01 12 /usr/lib/libc.so.6\n\
                    7f10-7f20 rw-p 00000000 00:00 0 [heap]\n\
                    7f20-7f90 r-xp 00000000 08:01 99 /opt/my torch/lib/libtorch_cpu.so\n";
        assert_eq!(folder_in(maps).as_deref(), Some(Path::new("/opt/my torch/lib")));
        assert_eq!(folder_in("7f10-7f20 rw-p 00000000 00:00 0\n"), None);
    }
}
