import CRdkafka
import Kernel
import Logging
import Synchronization

/// Owns one librdkafka client, with its threads and connections, until `destroy`.
final class KafkaClient: Sendable {
    enum Role {
        case producer, consumer
    }

    /// What callbacks of librdkafka reach by the client's opaque pointer.
    final class Context: Sendable {
        let logger: Logger
        /// The first error after which the client is of no use.
        let fatal = Mutex<KafkaError?>(nil)
        let rebalances = Mutex(Rebalances())
        let delivered = Atomic<Int>(0)

        init(_ logger: Logger) { self.logger = logger }

        static func of(_ client: OpaquePointer?) -> Context? {
            rd_kafka_opaque(client).map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    /// librdkafka's clients may be called by any thread.
    nonisolated(unsafe) let pointer: OpaquePointer
    /// Where its callbacks wait to be polled; like the client for any thread.
    private nonisolated(unsafe) let queue: OpaquePointer?
    let context: Context
    private let isDestroyed = Atomic<Bool>(false)

    init(_ role: Role, _ pairs: [String: String], logger: Logger) throws {
        let context = Context(logger)
        let configuration = try Self.configuration(pairs)
        rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(context).toOpaque())
        rd_kafka_conf_set_log_cb(configuration, Self.log)
        rd_kafka_conf_set_error_cb(configuration, Self.fail)
        switch role {
        case .producer: rd_kafka_conf_set_dr_msg_cb(configuration, DeliveryBatch.report)
        case .consumer where pairs["partition.assignment.strategy"] != nil:
            rd_kafka_conf_set_rebalance_cb(configuration, Rebalances.callback)
        case .consumer: break
        }
        let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        let made = withErrorText { rd_kafka_new(type, configuration, $0, $1) }
        guard let client = made.value else {
            rd_kafka_conf_destroy(configuration)
            throw Failure(.internal, "kafka_settings", "librdkafka refuses its settings: \(made.text)")
        }
        pointer = client
        queue = rd_kafka_queue_get_main(client)
        self.context = context
    }

    deinit { destroy() }

    /// To be called on a thread that may wait: librdkafka joins its own. A consumer that has not closed leaves its
    /// group without a word, as if its process had died.
    func destroy() {
        guard isDestroyed.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        rd_kafka_queue_destroy(queue)
        rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// Ends a `rd_kafka_poll` that is waiting, or the next one.
    func wake() { rd_kafka_queue_yield(queue) }

    private static func configuration(_ pairs: [String: String]) throws -> OpaquePointer {
        guard let configuration = rd_kafka_conf_new() else { throw Failure.unavailable("librdkafka") }
        for (key, value) in pairs {
            let set = withErrorText { rd_kafka_conf_set(configuration, key, value, $0, $1) }
            guard set.value == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw Failure(.internal, "kafka_settings", "librdkafka refuses '\(key)': \(set.text)")
            }
        }
        return configuration
    }

    private static let log:
        @convention(c) (OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Void = {
            client, severity, facility, text in
            guard let text, let context = Context.of(client) else { return }
            // Of syslog, where 3 is an error and 6 a notice; a cluster that is away is told of by who notices.
            let facility = facility.map { String(cString: $0) } ?? ""
            let level: Logger.Level =
                switch severity {
                // What it thinks of settings that we chose.
                case _ where facility == "CONFWARN": .debug
                case ...2: .error
                case 3, 4: .warning
                case 5, 6: .info
                default: .debug
                }
            context.logger.log(
                level: level, "\(String(cString: text))",
                metadata: ["facility": "\(facility)"])
        }

    private static let fail:
        @convention(c) (OpaquePointer?, Int32, UnsafePointer<CChar>?, UnsafeMutableRawPointer?) -> Void = {
            client, code, reason, _ in
            guard let context = Context.of(client) else { return }
            let error = KafkaError(rd_kafka_resp_err_t(code))
            let text = reason.map { String(cString: $0) } ?? ""
            guard error.code == RD_KAFKA_RESP_ERR__FATAL else {
                context.logger.debug("\(text)", metadata: ["error": "\(error)"])
                return
            }
            let cause = KafkaError(rd_kafka_fatal_error(client, nil, 0))
            context.fatal.withLock { $0 = $0 ?? cause }
            context.logger.error(
                "Kafka client failed for good.", metadata: ["error": "\(cause)", "text": "\(text)"])
        }
}

/// Calls `body` with a buffer for librdkafka's words.
func withErrorText<Value>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Value) -> (value: Value, text: String)
{
    let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: 512)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0, count: 512)
    let value = body(buffer, 512)
    return (value, String(cString: buffer))
}
