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

    /// Hands a copy of `event`, with `more` headers, to librdkafka; whatever comes of it, `batch` is told, except if this
    /// fails.
    func produce(
        _ event: Event, _ more: [EventRecord.Header], to partition: Int, _ batch: DeliveryBatch
    ) -> rd_kafka_resp_err_t {
        let headers = rd_kafka_headers_new(10 + more.count)
        event.forEachHeader { Self.add($0, $1, to: headers) }
        for header in more { header.value.withUnsafeBytes { Self.add(header.name, $0, to: headers) } }
        let reference = Unmanaged.passRetained(batch)
        let result = event.withRecordKey { key in
            event.data.withUnsafeBytes { value in
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

    private static func add(_ name: HeaderName, _ value: UnsafeRawBufferPointer, to headers: OpaquePointer?) {
        name.text.withUTF8Buffer { text in
            text.withMemoryRebound(to: CChar.self) { text in
                _ = rd_kafka_header_add(headers, text.baseAddress, text.count, value.baseAddress, value.count)
            }
        }
    }
}
