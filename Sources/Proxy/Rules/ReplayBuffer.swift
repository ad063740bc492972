import NIOCore

/// The beginning of a request's body, kept while it is short enough to be sent again.
struct ReplayBuffer: Sendable {
    private let limit: Int
    private var count = 0
    private(set) var buffers: [ByteBuffer] = []
    /// Whether all that came is in it.
    private(set) var isComplete = true

    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: ByteBuffer) {
        guard isComplete else { return }
        count += bytes.readableBytes
        guard count <= limit else {
            isComplete = false
            buffers = []
            return
        }
        buffers.append(bytes)
    }
}
