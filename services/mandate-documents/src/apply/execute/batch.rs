//! Batches that fit into a call.

use prost::Message;

/// Maximum number of items in a batch.
const MAX_BATCH_ITEMS: usize = 1000;
/// Maximum size of a batch; services accept messages of 4 MiB.
const MAX_BATCH_BYTES: usize = 3 << 20;

/// Splits items into batches that fit into a call, in order.
pub(super) fn batches<T: Message>(items: Vec<(String, T)>) -> Vec<Vec<(String, T)>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for item in items {
        // The tag and the length of an item add to its size.
        let size = item.1.encoded_len() + 8;
        if batch.len() == MAX_BATCH_ITEMS || (bytes + size > MAX_BATCH_BYTES && !batch.is_empty()) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(item);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use api::identity::v1::CreateUserRequest;

    use super::*;

    fn items(count: usize, bytes: usize) -> Vec<(String, CreateUserRequest)> {
        let request = CreateUserRequest {
            user_id: "a".repeat(bytes),
            ..CreateUserRequest::default()
        };
        vec![(String::new(), request); count]
    }

    #[test]
    fn a_batch_has_a_bounded_number_of_items_and_of_bytes() {
        let sizes = |items| -> Vec<usize> { batches(items).iter().map(Vec::len).collect() };
        assert_eq!(sizes(items(0, 1)), [0; 0]);
        assert_eq!(sizes(items(2500, 1)), [1000, 1000, 500]);
        assert_eq!(sizes(items(4, 1 << 20)), [2, 2]);
        assert_eq!(sizes(items(2, 4 << 20)), [1, 1]);
    }
}
