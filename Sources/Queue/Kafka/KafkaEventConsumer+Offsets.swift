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
        let end = ContinuousClock.now + (Task.isCancelled ? Self.patienceAtTheEnd : patience)
        var changed = changed
        client.holdPartitions()
        defer { letGo() }
        while !changed.isEmpty, rd_kafka_assignment_lost(client.pointer) == 0 {
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
        try rd_kafka_committed(client.pointer, list.pointer, milliseconds).check()
        var marks: [Int: OffsetMark?] = [:]
        for (index, element) in list.elements.prefix(partitions.count).enumerated() {
            try element.err.check()
            guard element.offset >= 0 else {
                marks[partitions[index]] = .some(nil)
                continue
            }
            marks[partitions[index]] =
                triesTopic == nil
                ? OffsetMark(head: element.offset, words: element.metadataText)
                : OffsetMark(head: element.offset, sign: list.elements[partitions.count + index].offset)
        }
        return marks
    }

    /// What librdkafka calls back with.
    private final class CommitReply {
        var code: rd_kafka_resp_err_t?
    }

    /// Nil if all is committed; otherwise an error after which it may be tried again.
    private func commitOnce(
        _ changed: [PartitionLedger], until end: ContinuousClock.Instant
    ) throws -> KafkaError? {
        let list = offsets(of: changed)
        let reply = CommitReply()
        let queue = rd_kafka_queue_new(client.pointer)
        // A reply that comes later finds no queue and is dropped, so that `reply` need not outlive this call.
        defer { rd_kafka_queue_destroy(queue) }
        var code = rd_kafka_commit_queue(
            client.pointer, list.pointer, queue, Self.reply, Unmanaged.passUnretained(reply).toOpaque())
        while code == RD_KAFKA_RESP_ERR_NO_ERROR, reply.code == nil {
            rd_kafka_queue_poll_callback(queue, 50)
            guard reply.code == nil else { break }
            try pump()
            if rd_kafka_assignment_lost(client.pointer) != 0 { code = RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST }
            if ContinuousClock.now >= end {
                throw Failure(
                    .timeout, "timeout", "The event log did not say in time whether it has the offset.")
            }
        }
        let error = KafkaError(reply.code ?? code)
        guard error.code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        guard error.remedy == .retry else { throw error.failure }
        return error
    }

    private func offsets(of changed: [PartitionLedger]) -> PartitionList {
        let partitions = changed.map(\.partition)
        let list = PartitionList(topic: settings.topic, partitions)
        if let triesTopic { list.add(topic: triesTopic, partitions) }
        for (index, ledger) in changed.enumerated() {
            guard let mark = ledger.mark else { continue }
            list.elements[index].offset = mark.head
            list.elements[index].setMetadata(mark.words)
            if triesTopic != nil { list.elements[changed.count + index].offset = mark.sign }
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

    /// The first error of a partition counts, since all of them were committed with one request.
    private static let reply:
        @convention(c) (
            OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
            UnsafeMutableRawPointer?
        ) -> Void = { _, code, list, opaque in
            guard let opaque else { return }
            let reply = Unmanaged<CommitReply>.fromOpaque(opaque).takeUnretainedValue()
            let codes = UnsafeMutableBufferPointer(
                start: list?.pointee.elems, count: list.map { Int($0.pointee.cnt) } ?? 0
            ).map(\.err)
            reply.code = codes.first { $0 != RD_KAFKA_RESP_ERR_NO_ERROR } ?? code
        }
}
