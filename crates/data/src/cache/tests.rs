//! Loading through the cache gives what reading gives, whatever happened to the file.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use spec::DatasetName;
use spec::own_data::{OwnFiles, OwnKind, OwnRequest};
use tempfile::TempDir;

use super::*;

const CSV: &str = "a,b,class\n1,10,0\n2,20,1\n3,30,0\n4,40,2\n5,50,0\n6,60,1\n";

/// A folder with a CSV of own data, its dataset, and the number of reads.
struct Own {
    folder: TempDir,
    dataset: DatasetSpec,
    reads: Cell<usize>,
}

impl Own {
    fn new(csv: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.csv"), csv).unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let mut own = Own { folder, dataset: DatasetName::Digits.into(), reads: Cell::new(0) };
        own.dataset = own.inspect();
        own
    }

    /// The dataset as a plan made now would describe it.
    fn inspect(&self) -> DatasetSpec {
        let request = OwnRequest::new(OwnFiles::new(OwnKind::Csv, "own.csv", None));
        let found = crate::inspect(&request, self.folder.path()).unwrap();
        DatasetSpec::Own(Box::new(found.data))
    }

    fn read(&self) -> Result<Dataset, DataError> {
        self.reads.set(self.reads.get() + 1);
        let DatasetSpec::Own(own) = &self.dataset else { unreachable!() };
        Ok(crate::own::load(own, self.folder.path())?)
    }

    fn load(&self) -> Result<Dataset, DataError> {
        let root = self.folder.path();
        load_worth(0, &self.dataset, &root.join("data"), root, || self.read())
    }

    /// Loads the dataset and returns the number of reads it took.
    fn reads(&self) -> usize {
        let before = self.reads.get();
        assert_eq!(self.load().unwrap(), self.read().unwrap());
        self.reads.get() - before - 1
    }

    /// The files in the cache's folder, sorted.
    fn cached(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path().join("data/.cache")).unwrap();
        let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The cached file.
    fn file(&self) -> PathBuf {
        let files = self.cached();
        let [file, lock] = &files[..] else { panic!("{files:?}") };
        assert!(lock.extension().is_some_and(|e| e == "lock"));
        file.clone()
    }
}

#[test]
fn the_second_loading_reads_nothing_and_gives_the_same() {
    let own = Own::new(CSV);
    assert_eq!((own.reads(), own.reads()), (1, 0));
    let data = own.load().unwrap();
    assert!(data.train.inputs.is_mapped() && data.test.inputs.is_mapped());
    let address = |part: &Part| part.inputs.as_ptr().addr();
    assert!(address(&data.train).is_multiple_of(64) && address(&data.test).is_multiple_of(64));
}

#[test]
fn labels_and_values_are_kept_too() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    for name in [DatasetName::Digits, DatasetName::Diabetes] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        fs::create_dir(dir.join(name.name())).unwrap();
        for file in name.info().files {
            let file = Path::new(name.name()).join(file.name);
            fs::copy(committed.join(&file), dir.join(&file)).unwrap();
        }
        let read = || crate::load(name, dir);
        let made = load_worth(0, &name.into(), dir, dir, read).unwrap();
        let found = load_worth(0, &name.into(), dir, dir, || panic!("it is cached")).unwrap();
        assert_eq!((&made, &found), (&read().unwrap(), &read().unwrap()));
    }
}

#[test]
fn a_file_that_was_altered_or_cut_is_made_again() {
    let own = Own::new(CSV);
    own.load().unwrap();
    let file = own.file();
    let good = fs::read(&file).unwrap();
    let end = good.len();
    // The magic, its version, the dataset, the sources, a size, the checksum, the first input, the
    // last label. The file is replaced, since a mapped file must not be written to.
    for at in [0, 15, 20, 50, 96, 150, 4096, end - 8] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::remove_file(&file).unwrap();
        fs::write(&file, &bad).unwrap();
        assert_eq!(own.reads(), 1, "byte {at}");
        assert_eq!(fs::read(&file).unwrap(), good, "byte {at}");
    }
    let long = [&good[..], b"x"].concat();
    for bad in [&b""[..], &good[..100], &good[..4096], &good[..end - 1], &long] {
        fs::remove_file(&file).unwrap();
        fs::write(&file, bad).unwrap();
        assert_eq!((own.reads(), own.reads()), (1, 0), "{} bytes", bad.len());
    }
}

#[test]
fn the_file_of_another_dataset_is_not_taken() {
    let own = Own::new(CSV);
    own.load().unwrap();
    let other = Own::new(&CSV.replace("6,60,1", "6,61,1"));
    other.load().unwrap();
    fs::rename(other.file(), own.file()).unwrap();
    assert_eq!(own.reads(), 1);
    // The same bytes of the same files, scaled otherwise.
    let mut unscaled = Own::new(CSV);
    if let DatasetSpec::Own(own) = &mut unscaled.dataset {
        own.scaling = spec::own_data::Scaling::None;
    }
    unscaled.load().unwrap();
    fs::rename(unscaled.file(), own.file()).unwrap();
    assert_eq!(own.reads(), 1);
}

#[test]
fn own_data_that_changed_is_refused_and_then_replaces_its_file() {
    let mut own = Own::new(CSV);
    own.load().unwrap();
    let (file, name) = (fs::read(own.file()).unwrap(), own.file());
    fs::write(own.folder.path().join("own.csv"), CSV.replace("10", "11")).unwrap();
    let refused = own.load().unwrap_err().to_string();
    assert_eq!(refused, own.read().unwrap_err().to_string());
    assert!(refused.contains("changed"), "{refused}");
    assert_eq!(fs::read(own.file()).unwrap(), file, "what is refused alters nothing");
    own.dataset = own.inspect();
    assert_eq!(own.reads(), 1);
    assert_eq!(own.file(), name);
    // Back again, as `git checkout` would do.
    fs::write(own.folder.path().join("own.csv"), CSV).unwrap();
    assert!(own.load().is_err());
    fs::remove_file(own.folder.path().join("own.csv")).unwrap();
    assert_eq!(own.load().unwrap_err().to_string(), own.read().unwrap_err().to_string());
}

#[test]
fn what_changed_while_it_was_read_is_not_kept() {
    let own = Own::new(CSV);
    let (root, csv) = (own.folder.path(), own.folder.path().join("own.csv"));
    let load = || {
        load_worth(0, &own.dataset, &root.join("data"), root, || {
            let data = own.read();
            fs::write(&csv, CSV.replace("10", "11")).unwrap();
            data
        })
    };
    assert_eq!(load().unwrap().train.len(), 5);
    assert!(own.load().is_err(), "the altered bytes are not those that were read");
    fs::write(&csv, CSV).unwrap();
    assert_eq!((own.reads(), own.reads()), (1, 0));
}

#[test]
fn files_that_are_missing_or_altered_are_refused_although_the_cache_is_good() {
    let name = DatasetName::Digits;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let gz = dir.join("digits/digits.csv.gz");
    fs::create_dir(dir.join("digits")).unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits/digits.csv.gz");
    fs::copy(committed, &gz).unwrap();
    let load = || load_worth(0, &name.into(), dir, dir, || crate::load(name, dir));
    load().unwrap();
    let mut bytes = fs::read(&gz).unwrap();
    fs::remove_file(&gz).unwrap();
    assert!(matches!(load(), Err(DataError::Missing { .. })));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&gz, &bytes).unwrap();
    assert!(load().is_err());
}

#[test]
fn where_nothing_can_be_written_the_data_is_this_process_s_own() {
    let own = Own::new(CSV);
    // A file in the folder's place: refused to every user, root included.
    fs::write(own.folder.path().join("data/.cache"), b"").unwrap();
    assert_eq!((own.reads(), own.reads()), (1, 1));
    assert!(own.load().unwrap().train.inputs.is_mapped(), "pages of its own");
}

#[test]
fn a_pipe_or_a_folder_in_place_of_the_file_or_its_lock_holds_nobody_up() {
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success(), "{}", path.display());
    };
    let own = Own::new(CSV);
    own.load().unwrap();
    let file = own.file();
    // A pipe is replaced by the file, like anything else that is not that file.
    fs::remove_file(&file).unwrap();
    pipe(&file);
    assert_eq!((own.reads(), own.reads()), (1, 0));
    assert!(fs::metadata(&file).unwrap().is_file());
    // A lock is never replaced, since other processes may hold it.
    fs::remove_file(&file).unwrap();
    fs::remove_file(file.with_extension("lock")).unwrap();
    pipe(&file.with_extension("lock"));
    assert_eq!((own.reads(), own.reads()), (1, 1));
    assert!(own.load().unwrap().train.inputs.is_mapped(), "pages of its own");
    fs::remove_file(file.with_extension("lock")).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!((own.reads(), own.reads()), (1, 1));
}

#[test]
fn a_pipe_in_place_of_a_dataset_s_own_file_is_said() {
    let name = DatasetName::Digits;
    let folder = tempfile::tempdir().unwrap();
    let gz = folder.path().join("digits/digits.csv.gz");
    fs::create_dir(gz.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&gz).status().unwrap().success());
    for error in [
        crate::load(name, folder.path()).unwrap_err(),
        crate::check_spec(&name.into(), folder.path(), folder.path()).unwrap_err(),
    ] {
        assert!(
            error.to_string().ends_with("digits.csv.gz: a pipe or a device, not a file"),
            "{error}"
        );
    }
}

#[test]
fn what_a_killed_maker_left_is_removed_and_the_file_replaced_whole() {
    let own = Own::new(CSV);
    let held = own.load().unwrap();
    let file = own.file();
    let left = file.with_extension("1.part");
    fs::write(&left, b"half").unwrap();
    fs::remove_file(&file).unwrap();
    fs::write(&file, b"broken").unwrap();
    assert_eq!(own.reads(), 1);
    assert_eq!(own.cached().len(), 2, "{:?}", own.cached());
    assert_eq!(held, own.read().unwrap(), "a mapping outlives its file");
}

#[test]
fn of_many_at_once_one_reads() {
    let own = Own::new(CSV);
    let (root, dataset) = (own.folder.path(), &own.dataset);
    let DatasetSpec::Own(plan) = dataset else { unreachable!() };
    let reads = std::sync::atomic::AtomicUsize::new(0);
    let load = || {
        load_worth(0, dataset, &root.join("data"), root, || {
            reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // Long enough for the others to find that they have to wait.
            thread::sleep(Duration::from_millis(200));
            Ok(crate::own::load(plan, root)?)
        })
    };
    let found: Vec<Dataset> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
    });
    assert_eq!(reads.into_inner(), 1);
    assert!(found.iter().all(|data| *data == found[0] && data.train.inputs.is_mapped()));
}

#[test]
fn small_sets_leave_no_file() {
    let own = Own::new(CSV);
    let root = own.folder.path();
    let data = load(&own.dataset, &root.join("data"), root, || own.read()).unwrap();
    assert!(!data.train.inputs.is_mapped() && !root.join("data/.cache").exists());
}
