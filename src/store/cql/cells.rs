//! Parameters: raw CQL bytes in the order of the statement's markers.
use std::fmt;
use std::ops::Range;

use scylla::errors::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;

use crate::abi::KckCqlCell;

/// Cells of the caller's, written out before the call returns.
pub struct BorrowedRow<'a>(pub &'a [KckCqlCell]);

impl SerializeRow for BorrowedRow<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter,
    ) -> Result<(), SerializationError> {
        // SAFETY: kck_cql.h asks for cells that live until the call has returned.
        write(self.0.iter().map(|cell| unsafe { cell.bytes() }), context, writer)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A copy of cells, for what is written out later.
pub struct OwnedRow {
    bytes: Vec<u8>,
    cells: Vec<Option<Range<usize>>>,
}

impl OwnedRow {
    /// # Safety
    /// Each cell's data points to its size in bytes.
    pub unsafe fn copy(cells: &[KckCqlCell]) -> Self {
        let mut row = OwnedRow { bytes: Vec::new(), cells: Vec::with_capacity(cells.len()) };
        for cell in cells {
            let span = unsafe { cell.bytes() }.map(|bytes| {
                let begin = row.bytes.len();
                row.bytes.extend_from_slice(bytes);
                begin..row.bytes.len()
            });
            row.cells.push(span);
        }
        row
    }
}

impl SerializeRow for OwnedRow {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter,
    ) -> Result<(), SerializationError> {
        write(self.cells.iter().map(|span| span.clone().map(|span| &self.bytes[span])), context, writer)
    }

    fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

fn write<'a>(
    cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    context: &RowSerializationContext<'_>,
    writer: &mut RowWriter,
) -> Result<(), SerializationError> {
    let wrong = WrongCount { wanted: context.columns().len(), given: cells.len() };
    if wrong.wanted != wrong.given {
        return Err(SerializationError::new(wrong));
    }
    for cell in cells {
        let cell_writer = writer.make_cell_writer();
        match cell {
            Some(bytes) => drop(cell_writer.set_value(bytes).map_err(SerializationError::new)?),
            None => drop(cell_writer.set_null()),
        }
    }
    Ok(())
}

#[derive(Debug)]
struct WrongCount {
    wanted: usize,
    given: usize,
}

impl fmt::Display for WrongCount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the statement has {} parameters, and {} values were given", self.wanted, self.given)
    }
}

impl std::error::Error for WrongCount {}
