import CRdkafka
import Foundation

/// Partitions with offsets, as librdkafka takes and gives them; freed with it. Not for more than one thread.
final class PartitionList {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(topic: String, _ partitions: some Collection<Int>) {
        pointer = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        add(topic: topic, partitions)
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// Puts the same partitions of another topic behind.
    func add(topic: String, _ partitions: some Collection<Int>) {
        for partition in partitions {
            rd_kafka_topic_partition_list_add(pointer, topic, Int32(partition))
        }
    }

    /// The list for the time of `body`; it must not be kept.
    func lend<Value>(
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws -> Value
    ) rethrows -> Value {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    func offset(at index: Int) -> Int64 { lend { $0.pointee.elems[index].offset } }

    func code(at index: Int) -> rd_kafka_resp_err_t { lend { $0.pointee.elems[index].err } }

    /// What was committed with the offset; empty where there is nothing.
    func words(at index: Int) -> String {
        lend { list in
            let element = list.pointee.elems[index]
            guard let words = element.metadata, element.metadata_size > 0 else { return "" }
            return String(
                decoding: UnsafeRawBufferPointer(start: words, count: element.metadata_size), as: UTF8.self)
        }
    }

    func setOffset(_ offset: Int64, words: String? = nil, at index: Int) {
        lend { list in
            list.pointee.elems[index].offset = offset
            guard let words, let copy = strdup(words) else { return }
            // librdkafka frees them with the list.
            list.pointee.elems[index].metadata = UnsafeMutableRawPointer(copy)
            list.pointee.elems[index].metadata_size = words.utf8.count
        }
    }

    static func partitions(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [Int] {
        guard let list else { return [] }
        return (0..<Int(list.pointee.cnt)).map { Int(list.pointee.elems[$0].partition) }
    }
}
