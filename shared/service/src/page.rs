//! Pages of lists, by keyset: a page begins after the last key of the page before, so that rows
//! added meanwhile cause no skipped or repeated rows.

use prost::Message;
use tokens::{InvalidToken, Sealer};

const DEFAULT_PAGE_ROWS: i32 = 50;
const MAX_PAGE_ROWS: i32 = 1000;
/// Maximum size of the rows of a page in bytes: by default, clients accept no message of more than
/// 4 MiB.
const MAX_PAGE_BYTES: usize = 3 * 1024 * 1024;

/// The requested page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    list: String,
    /// The last key of the page before; empty on the first page.
    pub after: String,
    size: usize,
}

impl Page {
    /// Reads the paging fields of a request for `list`, a text that identifies the list by its
    /// method, parent and filters.
    ///
    /// # Errors
    /// [`InvalidToken`] for a token of another list.
    pub fn read(
        sealer: &Sealer,
        list: String,
        page_size: i32,
        page_token: &str,
    ) -> Result<Self, InvalidToken> {
        let after = if page_token.is_empty() {
            String::new()
        } else {
            sealer.open_page(&list, page_token)?
        };
        let size = if page_size == 0 {
            DEFAULT_PAGE_ROWS
        } else {
            page_size
        };
        Ok(Self {
            list,
            after,
            size: usize::try_from(size.clamp(1, MAX_PAGE_ROWS)).unwrap_or(1),
        })
    }

    /// Limits the page to `size` items.
    #[must_use]
    pub fn at_most(self, size: usize) -> Self {
        Self {
            size: self.size.min(size),
            ..self
        }
    }

    /// Returns the number of rows to read: one more than the page shows, to know if there is a next
    /// page.
    pub fn limit(&self) -> u64 {
        self.size as u64 + 1
    }

    /// Returns the token for a page that begins after a key: for rows that were scanned but not
    /// shown.
    pub fn token_after(&self, sealer: &Sealer, key: &str) -> String {
        sealer.page(&self.list, key)
    }

    /// Cuts rows to the page, and to the size of one response. Returns them with the token for the
    /// next page, which is empty on the last.
    pub fn cut<T: Message>(
        &self,
        sealer: &Sealer,
        rows: Vec<T>,
        key: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, String) {
        let mut bytes = 0;
        let fit = rows.iter().take_while(|row| {
            bytes += row.encoded_len();
            bytes <= MAX_PAGE_BYTES
        });
        // A single row that is too large is returned anyway.
        let fit = fit.count().max(1);
        self.cut_at(sealer, rows, self.size.min(fit), key)
    }

    /// Same as [`cut`](Self::cut), for rows so small that a whole page fits into a response.
    pub fn cut_small<T>(
        &self,
        sealer: &Sealer,
        rows: Vec<T>,
        key: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, String) {
        self.cut_at(sealer, rows, self.size, key)
    }

    fn cut_at<T>(
        &self,
        sealer: &Sealer,
        mut rows: Vec<T>,
        size: usize,
        key: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, String) {
        let more = rows.len() > size;
        rows.truncate(size);
        let token = match rows.last() {
            Some(last) if more => sealer.page(&self.list, &key(last)),
            _ => String::new(),
        };
        (rows, token)
    }
}
