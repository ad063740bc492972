import CRdkafka
import Logging
import Synchronization

/// What happened to a member's partitions, for whoever polls to read before the message that the same call returned.
struct Rebalances: Sendable {
    enum Change: Sendable, Equatable {
        case assigned([Int])
        case revoked([Int])
    }

    /// Whether giving up has to wait, since an offset is on its way that only their owner may commit.
    var isHeld = false
    fileprivate var changes: [Change] = []
    /// To be given up; librdkafka waits for it.
    fileprivate var held: [Int] = []

    mutating func take() -> [Change] {
        defer { changes = [] }
        return changes
    }

    mutating func takeHeld() -> [Int] {
        defer { held = [] }
        return held
    }

    /// Called inside `rd_kafka_consumer_poll` and `rd_kafka_consumer_close`.
    static let callback:
        @convention(c) (
            OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
            UnsafeMutableRawPointer?
        ) -> Void = { client, code, list, _ in
            guard let context = KafkaClient.Context.of(client) else { return }
            let partitions = PartitionList.partitions(of: list)
            switch code {
            case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
                context.complain(of: rd_kafka_incremental_assign(client, list))
                context.rebalances.withLock { $0.changes.append(.assigned(partitions)) }
            case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
                let isHeld = context.rebalances.withLock { rebalances in
                    guard rebalances.isHeld, rd_kafka_assignment_lost(client) == 0 else { return false }
                    rebalances.held = partitions
                    return true
                }
                if isHeld { return }
                context.complain(of: rd_kafka_incremental_unassign(client, list))
                context.rebalances.withLock { $0.changes.append(.revoked(partitions)) }
            default:
                rd_kafka_assign(client, nil)
                context.rebalances.withLock { $0.changes.append(.revoked(partitions)) }
            }
        }
}

extension KafkaClient {
    /// From here on partitions may come, but none is given up unless it is lost anyway.
    func holdPartitions() { context.rebalances.withLock { $0.isHeld = true } }

    /// Gives up what had to wait.
    func letPartitionsGo(of topic: String) {
        let held = context.rebalances.withLock { rebalances in
            rebalances.isHeld = false
            return rebalances.takeHeld()
        }
        guard !held.isEmpty else { return }
        let list = PartitionList(topic: topic, held)
        context.complain(of: list.lend { rd_kafka_incremental_unassign(pointer, $0) })
        context.rebalances.withLock { $0.changes.append(.revoked(held)) }
    }
}

extension KafkaClient.Context {
    /// Frees `error`.
    fileprivate func complain(of error: OpaquePointer?) {
        guard let error else { return }
        logger.error(
            "Kafka partitions did not change hands.",
            metadata: ["error": "\(String(cString: rd_kafka_error_string(error)))"])
        rd_kafka_error_destroy(error)
    }
}
