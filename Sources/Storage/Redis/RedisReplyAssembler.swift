import CHiredis

/// Puts a reply together while hiredis reads it, without objects in between. hiredis reads depth first, so a stack
/// of open arrays is enough.
final class RedisReplyAssembler {
    private struct OpenArray {
        var replies: [RedisReply]
        var missing: Int
    }

    private let maximumElements: Int
    private var open: [OpenArray] = []
    private var finished: RedisReply?
    /// Of the parts of an unfinished reply, which hiredis no longer holds.
    private(set) var bytes = 0

    init(maximumElements: Int) { self.maximumElements = maximumElements }

    /// The finished reply; the next one begins.
    func take() -> RedisReply? {
        bytes = 0
        defer { finished = nil }
        return finished
    }

    fileprivate func add(_ reply: RedisReply, bytes size: Int = 0) {
        guard !open.isEmpty else {
            finished = reply
            return
        }
        bytes += size + MemoryLayout<RedisReply>.stride
        var reply = reply
        while let last = open.indices.last {
            open[last].replies.append(reply)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return }
            reply = .array(open.removeLast().replies)
        }
        finished = reply
    }

    fileprivate func begin(_ count: Int) -> Bool {
        guard count <= maximumElements else { return false }
        guard count > 0 else {
            add(.array([]))
            return true
        }
        open.append(OpenArray(replies: [], missing: count))
        return true
    }

    fileprivate func forget() {
        open = []
        finished = nil
        bytes = 0
    }
}

extension RedisReplyAssembler {
    /// What hiredis calls. What these return is never looked into; it must only not be null.
    // Made once, never changed and never freed, so that every reader on every thread may point to it.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    guard let task, let text else { return nil }
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    return RedisReplyAssembler.with(task) { assembler in
                        switch task.pointee.type {
                        case REDIS_REPLY_STRING: assembler.add(.bytes(Array(bytes)), bytes: length)
                        case REDIS_REPLY_STATUS:
                            assembler.add(.status(String(decoding: bytes, as: UTF8.self)), bytes: length)
                        default:
                            let refusal = RedisRefusal(text: String(decoding: bytes, as: UTF8.self))
                            assembler.add(.error(refusal), bytes: length)
                        }
                        return true
                    }
                },
                createArray: { task, count in RedisReplyAssembler.with(task) { $0.begin(Int(count)) } },
                createInteger: { task, number in
                    RedisReplyAssembler.with(task) {
                        $0.add(.integer(number))
                        return true
                    }
                },
                createNil: { task in
                    RedisReplyAssembler.with(task) {
                        $0.add(.null)
                        return true
                    }
                },
                freeObject: { marker in
                    guard let marker else { return }
                    Unmanaged<RedisReplyAssembler>.fromOpaque(marker).takeUnretainedValue().forget()
                }))
        return functions
    }()

    /// Calls `body` with the assembler of the reader that reads `task`; null, which stops hiredis, if it says no.
    private static func with(
        _ task: UnsafePointer<redisReadTask>?, _ body: (RedisReplyAssembler) -> Bool
    ) -> UnsafeMutableRawPointer? {
        guard let marker = task?.pointee.privdata else { return nil }
        let isTaken = body(Unmanaged<RedisReplyAssembler>.fromOpaque(marker).takeUnretainedValue())
        return isTaken ? marker : nil
    }
}
