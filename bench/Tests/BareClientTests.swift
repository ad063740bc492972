import Testing

@testable import bench

/// The clients that show what the runtime takes.
@Suite struct BareClientTests {
    @Test func `an answer of Redis is read once all of it has come`() throws {
        let bytes = Array("+OK\r\n$3\r\na\r\n\r\n$0\r\n\r\n$11\r\nhello again\r\n".utf8)
        let replies = try BareReplies()
        var values: [String] = []
        for place in bytes.indices {
            replies.append(bytes[place...place])
            while let value = try replies.next() { values.append(String(decoding: value, as: UTF8.self)) }
        }
        #expect(values == ["OK", "a\r\n", "", "hello again"])
    }

    @Test(arguments: ["$-1\r\n", "-NOAUTH\r\n", ":1\r\n", "\r\n", "$99999999999999999999\r\n"])
    func `what is no value of Redis is a failure`(_ answer: String) throws {
        let replies = try BareReplies()
        replies.append(Array(answer.utf8)[...])
        #expect(throws: RunFailure.self) { try replies.next() }
    }

    @Test func `all that is asked is answered, and the thread ends`() async throws {
        let inbox = try BareInbox<Int, Int>()
        async let answering: Void = inbox.answer {
            var watch = BareWatch(sockets: [], inbox: inbox.descriptor)
            var calls: [BareInbox<Int, Int>.Call] = []
            while true {
                try watch.sleep(isOwed: false)
                guard inbox.take(into: &calls) else { return }
                for call in calls { call.continuation.resume(returning: call.question * 2) }
                calls = []
            }
        }
        let sum = try await inbox.whileOpen {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...100 { group.addTask { try await inbox.ask(number) } }
                return try await group.reduce(0, +)
            }
        }
        try await answering
        #expect(sum == 10_100)
        await #expect(throws: RunFailure.self) { try await inbox.ask(1) }
    }

    @Test func `whoever asks a thread that failed is told why`() async throws {
        let inbox = try BareInbox<Int, Int>()
        let asking = Task { try await inbox.ask(1) }
        await #expect(throws: RunFailure.self) {
            try await inbox.answer {
                var watch = BareWatch(sockets: [], inbox: inbox.descriptor)
                try watch.sleep(isOwed: false)
                throw RunFailure("no server")
            }
        }
        let reason = await #expect(throws: RunFailure.self) { try await asking.value }
        #expect(reason?.description == "no server")
    }
}
