import CRdkafka
import Foundation

/// Partitions with offsets, as librdkafka takes and gives them; freed with it. Not for more than one thread.
final class PartitionList {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(topic: String, _ partitions: some Collection<Int>) {
        pointer = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        for partition in partitions {
            rd_kafka_topic_partition_list_add(pointer, topic, Int32(partition))
        }
    }

    /// Of the same partitions of other topics.
    func add(topic: String, _ partitions: some Collection<Int>) {
        for partition in partitions {
            rd_kafka_topic_partition_list_add(pointer, topic, Int32(partition))
        }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// Valid as long as the list.
    var elements: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeMutableBufferPointer(start: pointer.pointee.elems, count: Int(pointer.pointee.cnt))
    }

    static func partitions(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [Int] {
        guard let list else { return [] }
        return UnsafeMutableBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
            .map { Int($0.partition) }
    }
}

extension rd_kafka_topic_partition_t {
    /// The words that were committed with the offset; empty where there are none.
    var metadataText: String {
        guard let metadata, metadata_size > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: metadata, count: metadata_size), as: UTF8.self)
    }

    /// librdkafka frees it with the list.
    mutating func setMetadata(_ text: String) {
        metadata = UnsafeMutableRawPointer(strdup(text))
        metadata_size = metadata == nil ? 0 : text.utf8.count
    }
}
