package import Kernel

/// Tells those who watch a video's state that it changed; a hint that may be lost.
package struct VideoNotices: Sendable {
    private let pubSub: any PubSub

    package init(_ pubSub: any PubSub) { self.pubSub = pubSub }

    package func changed(_ video: VideoID) async {
        // Watchers look again by themselves every second, so a lost hint costs no more than that.
        try? await pubSub.publish(Self.channel(video), [])
    }

    /// Ends when the watcher falls behind or stops iterating.
    package func changes(of video: VideoID) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await pubSub.subscribe(Self.channel(video), capacity: 8)
    }

    private static func channel(_ video: VideoID) -> String { "video.\(video)" }
}
