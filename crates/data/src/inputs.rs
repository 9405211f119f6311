//! The scaled inputs of a split, in this process's memory or in a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

use crate::mapping;

/// Float32 values of one split, one sample after another: an immutable slice that is cheap to
/// clone. They are in this process's memory, or in a mapped file that all processes of the machine
/// share.
#[derive(Clone)]
pub struct Inputs(Kind);

#[derive(Clone)]
enum Kind {
    Owned(Arc<Vec<f32>>),
    /// Mapping, and the range of its bytes; checked once to be aligned and of whole values.
    Mapped(Arc<Mmap>, Range<usize>),
}

impl Inputs {
    /// Returns the values in these bytes of a mapping; `None` if they are out of range, misaligned
    /// or not whole values.
    pub(crate) fn mapped(map: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        bytemuck::try_cast_slice::<u8, f32>(map.get(bytes.clone())?).ok()?;
        Some(Inputs(Kind::Mapped(Arc::clone(map), bytes)))
    }

    /// Moves the values to read-only pages, so that a device can use them in place as it does those
    /// of a mapped file. Returns them unchanged if memory is short.
    pub(crate) fn in_pages(self) -> Self {
        match &self.0 {
            Kind::Owned(values) if !values.is_empty() => {
                let bytes = bytemuck::cast_slice(values.as_slice());
                mapping::of_bytes(bytes)
                    .ok()
                    .and_then(|map| Inputs::mapped(&Arc::new(map), 0..bytes.len()))
                    .unwrap_or(self)
            }
            _ => self,
        }
    }

    /// Whether the values begin on a read-only page, as those of a mapped file do, and can
    /// therefore be used in place rather than copied.
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Kind::Mapped(..))
    }
}

impl Deref for Inputs {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Kind::Owned(values) => values,
            Kind::Mapped(map, bytes) => bytemuck::cast_slice(&map[bytes.clone()]),
        }
    }
}

/// Returns the values as bytes in the machine's byte order.
impl AsRef<[u8]> for Inputs {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }
}

impl From<Vec<f32>> for Inputs {
    fn from(values: Vec<f32>) -> Self {
        Inputs(Kind::Owned(Arc::new(values)))
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Compares the values, wherever they are stored.
impl PartialEq for Inputs {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: AsRef<[f32]> + ?Sized> PartialEq<T> for Inputs {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_the_same_values() {
        let values: Vec<f32> = (0..5000).map(|i| i as f32 / 7.0).collect();
        let owned = Inputs::from(values.clone());
        let pages = owned.clone().in_pages();
        assert!(!owned.is_mapped() && pages.is_mapped());
        assert_eq!(pages, owned);
        assert_eq!(pages, values);
        assert!(!Inputs::from(Vec::new()).in_pages().is_mapped(), "nothing needs no page");
    }

    #[test]
    fn only_whole_aligned_values_within_the_mapping() {
        let map = Arc::new(mapping::of_bytes(&[0; 64]).unwrap());
        assert_eq!(Inputs::mapped(&map, 4..64).unwrap().len(), 15);
        for bad in [2..10, 0..66, 0..7] {
            assert!(Inputs::mapped(&map, bad.clone()).is_none(), "{bad:?}");
        }
    }
}
