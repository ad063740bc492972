import Kernel
import Testing

@testable import InProcess
@testable import Kafka

/// What stands in the topic and beside the offsets, which other programs and later releases read.
@Suite struct WireFormatTests {
    private let event = Event(
        type: "video.uploaded", version: 3, tenant: TenantID(), key: "clé 🎬",
        time: Timestamp(milliseconds: 1_700_000_000_123), data: Array(#"{"a":1}"#.utf8),
        traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    @Test func `an event is a CloudEvent in the binary mode of Kafka's binding`() {
        let record = EventRecord(event)
        let headers = record.headers.map { ["\($0.name.text)", String(decoding: $0.value, as: UTF8.self)] }
        #expect(
            headers == [
                ["ce_specversion", "1.0"], ["ce_id", event.id.description], ["ce_source", "/cloudstream"],
                ["ce_type", "video.uploaded"], ["ce_time", "2023-11-14T22:13:20.123Z"],
                ["ce_subject", "clé 🎬"],
                ["ce_tenant", event.tenant.description], ["ce_dataversion", "3"],
                ["content-type", "application/json"],
                ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
            ])
        #expect(String(decoding: record.key, as: UTF8.self) == "\(event.tenant)/clé 🎬")
        #expect(record.value == event.data)
    }

    @Test func `an event is read as it was written`() throws {
        #expect(try Event(EventRecord(event)) == event)
    }

    @Test(arguments: [HeaderName.id, .type, .time, .subject, .tenant, .version])
    func `a record without an attribute is no event`(_ missing: HeaderName) {
        var record = EventRecord(event)
        record.headers.removeAll { $0.name == missing }
        let failure = #expect(throws: Failure.self) { _ = try Event(record) }
        #expect(failure?.code == "not_an_event")
    }

    @Test func `times are read as they are written, and nothing else is`() {
        for milliseconds in [
            -1, -86_400_001, 0, 1, 951_782_399_999, 951_868_800_000, 1_709_251_199_000, 4_102_444_800_000,
        ] {
            let time = Timestamp(milliseconds: Int64(milliseconds))
            #expect(Timestamp(rfc3339: time.description) == time)
            let written = withUnsafeTemporaryAllocation(byteCount: 36, alignment: 1) { buffer in
                String(decoding: time.write(to: buffer), as: UTF8.self)
            }
            #expect(written == time.description)
        }
        for text in [
            "", "2023-11-14", "2023-11-14T22:13:20Z", "2023-13-14T22:13:20.123Z", "2023-11-14T22:13:2x.123Z",
        ] {
            #expect(Timestamp(rfc3339: text) == nil)
        }
    }

    @Test func `a key falls into the same partition for ever, the one that it has in a table`() throws {
        let tenant = try #require(TenantID("018f4e5c-0000-7000-8000-000000000001"))
        let events = ["a", "b", "video 1", "ключ"].map {
            Event(type: "t", version: 1, tenant: tenant, key: $0, data: [])
        }
        #expect(events.map { KeyPartition(partitions: 8).partition(of: $0) } == [3, 6, 0, 4])
        for partitions in [1, 3, 8, 12, 100] {
            for number in 0..<100 {
                let event = Event.sample(key: "key \(number)", number: number)
                #expect(
                    KeyPartition(partitions: partitions).partition(of: event)
                        == PartitionLayout(partitions: partitions).partition(of: event))
            }
        }
    }

    @Test func `a mark is read as it was written, and from nothing it is the beginning`() {
        let plain = OffsetMark(head: 7, tries: 3)
        let waiting = OffsetMark(head: 7, tries: 1, notBefore: Timestamp(milliseconds: 1_800_000_000_000))
        #expect(plain.words == "attempt=3")
        for mark in [plain, waiting] { #expect(OffsetMark(head: 7, words: mark.words) == mark) }
        for words in ["", "nonsense", "attempt=x", "attempt=-1;other=3"] {
            #expect(OffsetMark(head: 7, words: words) == OffsetMark(head: 7))
        }
    }

    @Test func `a sign tells the tries of its own head alone`() {
        let mark = OffsetMark(head: 1 << 40, tries: 5)
        #expect(OffsetMark(head: 1 << 40, sign: mark.sign) == mark)
        #expect(OffsetMark(head: 1 << 40 + 1, sign: mark.sign).tries == 0)
        #expect(OffsetMark(head: 3, sign: -1001).tries == 0)
        #expect(OffsetMark(head: 3, sign: OffsetMark(head: 3, tries: 1 << 20).sign).tries == 4095)
    }

    @Test func `a dead letter's record says whose it is and why`() throws {
        let letter = DeadLetter(
            group: "videos", event: event, reason: String(repeating: "x", count: 10_000), attempts: 5,
            failedAt: Timestamp(milliseconds: 1_700_000_000_000))
        let record = EventRecord(event, KafkaDeadLetterTopic.headers(of: letter))
        #expect(try Event(record) == event)
        func header(_ name: HeaderName) -> String? {
            record.headers.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
        }
        #expect(header(.group) == "videos")
        #expect(header(.attempts) == "5")
        #expect(header(.failedAt) == "2023-11-14T22:13:20.000Z")
        #expect(header(.reason)?.count == 4096)
    }
}
