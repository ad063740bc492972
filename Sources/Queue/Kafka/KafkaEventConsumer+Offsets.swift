import CRdkafka
import Foundation
import Kernel
import Logging

extension KafkaEventConsumer {
    /// Of a commit whose task is to end.
    private static let patienceAtTheEnd: Duration = .seconds(2)

    /// Commits the marks of `changed`, whatever rebalances go on meanwhile. Returns the partitions that are still this
    /// member's; throws, and nothing is known to have changed, if the group cannot be reached.
    ///
    /// A refusal alone does not mean that a partition is gone: in the middle of a rebalance a member's generation is behind
    /// for a moment. librdkafka tells when the assignment is lost, by itself and without being polled.
    func keep(_ changed: [PartitionLedger]) throws -> Set<Int> {
        // A commit waits for a rebalance to end, which waits for members that are busy with an event.
        let patience = max(settings.requestDeadline, settings.consumer.maximumPollInterval / 3)
        var end = ContinuousClock.now + patience
        var changed = changed
        client.holdPartitions()
        defer { letGo() }
        while !changed.isEmpty, rd_kafka_assignment_lost(client.pointer) == 0 {
            if Task.isCancelled { end = min(end, .now + Self.patienceAtTheEnd) }
            guard let error = try commitOnce(changed, until: end) else {
                return Set(changed.map(\.partition)).intersection(ledgers.keys)
            }
            guard ContinuousClock.now < end else { throw error.failure }
            logger.debug("An offset will be committed again.", metadata: ["error": "\(error)"])
            // The group may wait for what this member is to give up.
            letGo()
            try waitAndPump()
            changed.removeAll { ledgers[$0.partition]?.mark == nil }
        }
        return []
    }

    private func letGo() {
        client.letPartitionsGo(of: settings.topic)
        obeyRebalances()
    }

    /// What the group has committed of `partitions`; nil where nothing.
    func committed(_ partitions: [Int]) throws -> [Int: OffsetMark?] {
        let list = PartitionList(topic: settings.topic, partitions)
        if let triesTopic { list.add(topic: triesTopic, partitions) }
        let milliseconds = Int32(settings.requestDeadline.inMilliseconds)
        try list.lend { rd_kafka_committed(client.pointer, $0, milliseconds) }.check()
        var marks: [Int: OffsetMark?] = [:]
        for (index, partition) in partitions.enumerated() {
            try list.code(at: index).check()
            let head = list.offset(at: index)
            guard head >= 0 else {
                marks[partition] = .some(nil)
                continue
            }
            marks[partition] =
                triesTopic == nil
                ? OffsetMark(head: head, words: list.words(at: index))
                : OffsetMark(head: head, sign: list.offset(at: partitions.count + index))
        }
        return marks
    }

    /// Nil if all is committed; otherwise an error after which it may be tried again.
    private func commitOnce(
        _ changed: [PartitionLedger], until end: ContinuousClock.Instant
    ) throws -> KafkaError? {
        let commit = OffsetCommit(client, offsets(of: changed))
        var end = end
        while true {
            if Task.isCancelled { end = min(end, .now + Self.patienceAtTheEnd) }
            if let error = commit.answer(milliseconds: 50) {
                guard error.code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
                guard error.remedy == .retry else { throw error.failure }
                return error
            }
            try pump()
            if rd_kafka_assignment_lost(client.pointer) != 0 {
                return KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST)
            }
            guard ContinuousClock.now < end else {
                throw Failure(
                    .timeout, "timeout", "The event log did not say in time whether it has the offset.")
            }
        }
    }

    private func offsets(of changed: [PartitionLedger]) -> PartitionList {
        let partitions = changed.map(\.partition)
        let list = PartitionList(topic: settings.topic, partitions)
        if let triesTopic { list.add(topic: triesTopic, partitions) }
        for (index, ledger) in changed.enumerated() {
            guard let mark = ledger.mark else { continue }
            list.setOffset(mark.head, words: mark.words, at: index)
            if triesTopic != nil { list.setOffset(mark.sign, at: changed.count + index) }
        }
        return list
    }

    private func waitAndPump() throws {
        let end = ContinuousClock.now + .milliseconds(50)
        repeat {
            try pump()
            // This thread is the member's own.
            Thread.sleep(forTimeInterval: 0.01)
        } while ContinuousClock.now < end
    }
}
