/// One quality of the ladder.
package struct Rung: Sendable, Codable, Equatable {
    /// Name in paths and playlists, such as `720p`.
    package var name: String
    /// Even numbers of pixels.
    package var width: Int
    package var height: Int
    package var videoKilobitsPerSecond: Int

    package init(name: String, width: Int, height: Int, videoKilobitsPerSecond: Int) {
        self.name = name
        self.width = width
        self.height = height
        self.videoKilobitsPerSecond = videoKilobitsPerSecond
    }
}

/// Everything the encoder needs, decided before it starts; the same plan resumes a killed run.
package struct TranscodePlan: Sendable, Codable, Equatable {
    /// From the largest down.
    package var rungs: [Rung]
    /// Constant output rate; frames are dropped or repeated to keep it.
    package var frameRate: Fraction
    package var segmentSeconds: Int
    package var audio: Audio?
    /// Threads of each encoder.
    package var threadsPerEncoder: Int
    /// x264 preset.
    package var preset: String

    package struct Audio: Sendable, Codable, Equatable {
        /// Stream of the source that is encoded, down-mixed to stereo.
        package var stream: Int
        package var kilobitsPerSecond: Int
        package var sampleRate: Int

        package init(stream: Int, kilobitsPerSecond: Int, sampleRate: Int) {
            self.stream = stream
            self.kilobitsPerSecond = kilobitsPerSecond
            self.sampleRate = sampleRate
        }
    }

    package init(
        rungs: [Rung], frameRate: Fraction, segmentSeconds: Int, audio: Audio?, threadsPerEncoder: Int,
        preset: String
    ) {
        self.rungs = rungs
        self.frameRate = frameRate
        self.segmentSeconds = segmentSeconds
        self.audio = audio
        self.threadsPerEncoder = threadsPerEncoder
        self.preset = preset
    }

    /// Frames in every segment but the last: the GOP, equal in all renditions.
    package var framesPerSegment: Int {
        Int((frameRate.value * Double(segmentSeconds)).rounded())
    }
}
