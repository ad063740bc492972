import CRdkafka

/// A request that commits offsets, waiting for its answer. Not for more than one thread.
final class OffsetCommit {
    private let queue: OpaquePointer?
    private var code: rd_kafka_resp_err_t?

    init(_ client: KafkaClient, _ list: PartitionList) {
        queue = rd_kafka_queue_new(client.pointer)
        let code = list.lend {
            rd_kafka_commit_queue(
                client.pointer, $0, queue, Self.reply, Unmanaged.passUnretained(self).toOpaque())
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { self.code = code }
    }

    /// An answer that comes later finds no queue and is dropped, so that nobody calls back who is gone.
    deinit { rd_kafka_queue_destroy(queue) }

    /// Waits a little; nil while there is no answer.
    func answer(milliseconds: Int32) -> KafkaError? {
        if code == nil { rd_kafka_queue_poll_callback(queue, milliseconds) }
        return code.map { KafkaError($0) }
    }

    /// The first error of a partition counts, since all of them were committed with one request.
    private static let reply:
        @convention(c) (
            OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
            UnsafeMutableRawPointer?
        ) -> Void = { _, code, list, opaque in
            guard let opaque else { return }
            let codes = UnsafeMutableBufferPointer(
                start: list?.pointee.elems, count: list.map { Int($0.pointee.cnt) } ?? 0
            ).map(\.err)
            Unmanaged<OffsetCommit>.fromOpaque(opaque).takeUnretainedValue().code =
                codes.first { $0 != RD_KAFKA_RESP_ERR_NO_ERROR } ?? code
        }
}
