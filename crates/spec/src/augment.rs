//! Data augmentation: random changes of training images (`[data] augment`).

use serde::{Deserialize, Serialize};

use crate::dataset::DatasetSpec;
use crate::params::{ParamType, ParamValue, Value, is_default};

/// Random changes, drawn anew for each image of each epoch. Held-out images are fed unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Augment {
    /// Width in pixels of the border of zeros that is added on each side of an image before a
    /// window of the image's size is cut at random; 0 = no crop. The zeros are in units of the
    /// scaled inputs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub crop: u64,
    /// Whether an image is mirrored horizontally with probability 1/2.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flip: bool,
}

impl Augment {
    /// The keys of its table in the sweep file.
    pub const KEYS: [&'static str; 2] = ["crop", "flip"];

    /// Returns whether it changes nothing.
    pub fn is_neutral(self) -> bool {
        self == Augment::default()
    }

    /// Checks that a dataset consists of images that are large enough for the crop.
    ///
    /// # Errors
    /// Returns the reason as text.
    pub fn check(self, dataset: &DatasetSpec) -> Result<(), String> {
        let [_, height, width] = dataset.shape();
        if self.is_neutral() {
            return Ok(());
        }
        if dataset.is_text() || height < 2 {
            return Err(format!("it changes images, and `{}` has none", dataset.name()));
        }
        if self.crop >= height.min(width) as u64 {
            return Err(format!(
                "with {} zeros on each side a window could see nothing of an image of {height}x{width}",
                self.crop
            ));
        }
        Ok(())
    }
}

impl ParamValue for Augment {
    const TYPE: ParamType = ParamType::Own("{ crop = whole number, flip = true or false }");

    fn from_value(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        let mut out = Augment::default();
        for part in text.split(", ").filter(|part| *part != "none") {
            match part.split_once(' ') {
                Some(("crop", n)) => out.crop = n.parse().ok()?,
                None if part == "flip" => out.flip = true,
                _ => return None,
            }
        }
        Some(out)
    }

    /// Returns text, since a column holds scalars: `none`, `crop 4`, `flip` or `crop 4, flip`.
    fn to_value(&self) -> Value {
        let crop = (self.crop > 0).then(|| format!("crop {}", self.crop));
        let flip = self.flip.then(|| "flip".to_owned());
        let parts: Vec<String> = crop.into_iter().chain(flip).collect();
        Value::Text(if parts.is_empty() { "none".to_owned() } else { parts.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatasetName;

    #[test]
    fn a_value_of_a_column_says_all_of_it() {
        for (crop, flip, text) in
            [(0, false, "none"), (4, false, "crop 4"), (0, true, "flip"), (4, true, "crop 4, flip")]
        {
            let augment = Augment { crop, flip };
            assert_eq!(augment.to_value(), Value::Text(text.to_owned()));
            assert_eq!(Augment::from_value(&augment.to_value()), Some(augment));
        }
        assert_eq!(Augment::from_value(&Value::Text("turn".to_owned())), None);
    }

    #[test]
    fn only_images_are_changed_and_some_of_them_stays() {
        let check = |crop, name: DatasetName| Augment { crop, flip: true }.check(&name.into());
        assert_eq!(check(7, DatasetName::Digits), Ok(()));
        assert!(check(8, DatasetName::Digits).unwrap_err().contains("8x8"));
        assert!(check(0, DatasetName::Diabetes).unwrap_err().contains("diabetes"));
        assert!(check(0, DatasetName::MobyDick).is_err());
        assert_eq!(Augment::default().check(&DatasetName::MobyDick.into()), Ok(()));
    }
}
