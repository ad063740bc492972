import CRdkafka
import Kernel
import Synchronization

/// The records of one call, until the brokers have told of each of them.
///
/// Each record that librdkafka has accepted holds one reference, which its delivery report gives back.
final class DeliveryBatch: Sendable {
    private struct State {
        var waiter: CheckedContinuation<Void, any Error>?
        var failure: Failure?
        var isDone = false
    }

    let deadline: ContinuousClock.Instant
    private let remaining: Atomic<Int>
    private let state = Mutex(State())

    init(count: Int, deadline: ContinuousClock.Instant) {
        remaining = Atomic(count)
        self.deadline = deadline
    }

    /// Returns when all records are told of; throws as soon as the call has failed.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let end: Result<Void, any Error>? = state.withLock { state in
                    if let failure = state.failure { return .failure(failure) }
                    if state.isDone { return .success(()) }
                    state.waiter = continuation
                    return nil
                }
                if let end { continuation.resume(with: end) }
            }
        } onCancel: {
            fail(.wrapping(CancellationError()))
        }
    }

    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// The first failure counts.
    func fail(_ failure: Failure) {
        let waiter = state.withLock { state in
            guard !state.isDone else { return nil as CheckedContinuation<Void, any Error>? }
            state.failure = state.failure ?? failure
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(throwing: failure)
    }

    func settle(_ count: Int = 1) {
        guard remaining.subtract(count, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        let waiter = state.withLock { state in
            state.isDone = state.failure == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Called on the thread that polls, once for each record.
    static let report:
        @convention(c) (OpaquePointer?, UnsafePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?) -> Void =
            {
                client, message, _ in
                guard let message, let opaque = message.pointee._private else { return }
                let batch = Unmanaged<DeliveryBatch>.fromOpaque(opaque).takeRetainedValue()
                let context = KafkaClient.Context.of(client)
                if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                    context?.delivered.add(1, ordering: .relaxed)
                } else {
                    let error = KafkaError(message.pointee.err)
                    context?.fatal.withLock { $0 = $0 ?? error }
                    batch.fail(error.failure)
                }
                batch.settle()
            }
}
