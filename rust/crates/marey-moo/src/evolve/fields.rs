//! Saving and loading by one description: each state lists its fields once, and the same list writes and reads them.
//!
//! Numbers are little-endian bit patterns, arrays are preceded by their length. Every read is checked against what is
//! left, so that no file can cause a panic or an allocation beyond its own size.

use crate::error::{Error, Result};

pub(crate) enum Fields<'a> {
    Save(Vec<u8>),
    Load(&'a [u8]),
}

impl Fields<'_> {
    pub(crate) fn u64(&mut self, value: &mut u64) -> Result<()> {
        match self {
            Self::Save(bytes) => bytes.extend_from_slice(&value.to_le_bytes()),
            Self::Load(bytes) => {
                *value = u64::from_le_bytes(take(bytes, 8)?.try_into().expect("eight bytes"));
            }
        }
        Ok(())
    }

    pub(crate) fn f64(&mut self, value: &mut f64) -> Result<()> {
        let mut bits = value.to_bits();
        self.u64(&mut bits)?;
        *value = f64::from_bits(bits);
        Ok(())
    }

    pub(crate) fn usize(&mut self, value: &mut usize) -> Result<()> {
        let mut wide = *value as u64;
        self.u64(&mut wide)?;
        *value = usize::try_from(wide).map_err(|_| broken("a number is too large"))?;
        Ok(())
    }

    pub(crate) fn bool(&mut self, value: &mut bool) -> Result<()> {
        let mut wide = u64::from(*value);
        self.u64(&mut wide)?;
        *value = wide != 0;
        Ok(())
    }

    pub(crate) fn f64s(&mut self, values: &mut Vec<f64>) -> Result<()> {
        match self {
            Self::Save(bytes) => {
                bytes.extend_from_slice(&(values.len() as u64).to_le_bytes());
                values.iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
            }
            Self::Load(bytes) => {
                let raw = array(bytes, 8)?;
                values.clear();
                values.extend(
                    raw.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))),
                );
            }
        }
        Ok(())
    }

    pub(crate) fn u64s(&mut self, values: &mut Vec<u64>) -> Result<()> {
        match self {
            Self::Save(bytes) => {
                bytes.extend_from_slice(&(values.len() as u64).to_le_bytes());
                values.iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
            }
            Self::Load(bytes) => {
                let raw = array(bytes, 8)?;
                values.clear();
                values.extend(
                    raw.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("eight bytes"))),
                );
            }
        }
        Ok(())
    }

    pub(crate) fn bytes(&mut self, value: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Save(bytes) => {
                bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
                bytes.extend_from_slice(value);
            }
            Self::Load(bytes) => *value = array(bytes, 1)?.to_vec(),
        }
        Ok(())
    }

    pub(crate) fn text(&mut self, value: &mut String) -> Result<()> {
        let mut bytes = std::mem::take(value).into_bytes();
        self.bytes(&mut bytes)?;
        *value = String::from_utf8(bytes).map_err(|_| broken("a name is not text"))?;
        Ok(())
    }

    /// An error unless an array has the length that belongs to it.
    pub(crate) fn expect(&self, holds: bool, what: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(broken(what)) }
    }
}

pub(crate) fn broken(what: &str) -> Error {
    Error::invalid("checkpoint", format!("is not one of this library: {what}"))
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(n).ok_or_else(|| broken("it ends too early"))?;
    *bytes = tail;
    Ok(head)
}

fn array<'a>(bytes: &mut &'a [u8], size: usize) -> Result<&'a [u8]> {
    let n = u64::from_le_bytes(take(bytes, 8)?.try_into().expect("eight bytes"));
    let n = usize::try_from(n)
        .ok()
        .and_then(|n| n.checked_mul(size))
        .ok_or_else(|| broken("an array is too long"))?;
    take(bytes, n)
}
