import CRdkafka
import Kernel
import Synchronization

/// A producer's handle of one topic, until `destroy`.
final class KafkaTopicHandle: Sendable {
    private let client: KafkaClient
    /// librdkafka's handles may be used by any thread.
    private nonisolated(unsafe) let pointer: OpaquePointer
    private let isDestroyed = Atomic<Bool>(false)

    init(_ client: KafkaClient, _ name: String) throws {
        guard let topic = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw KafkaError(rd_kafka_last_error()).failure
        }
        pointer = topic
        self.client = client
    }

    deinit { destroy() }

    /// To be called before the client is destroyed, when nobody produces any more.
    func destroy() {
        guard isDestroyed.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        rd_kafka_topic_destroy(pointer)
    }

    /// Hands a copy of `record` to librdkafka; whatever comes of it, `batch` is told, except if this fails.
    func produce(_ record: EventRecord, to partition: Int, _ batch: DeliveryBatch) -> rd_kafka_resp_err_t {
        let headers = rd_kafka_headers_new(record.headers.count)
        for header in record.headers {
            header.value.withUnsafeBytes { value in
                _ = rd_kafka_header_add(headers, header.name.rawValue, -1, value.baseAddress, value.count)
            }
        }
        let reference = Unmanaged.passRetained(batch)
        let result = record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                crdkafka_produce(
                    client.pointer, pointer, Int32(partition), key.baseAddress, key.count, value.baseAddress,
                    value.count, headers, reference.toOpaque())
            }
        }
        if result != RD_KAFKA_RESP_ERR_NO_ERROR {
            reference.release()
            rd_kafka_headers_destroy(headers)
        }
        return result
    }
}
