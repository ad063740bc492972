/// What a source may be at most, and how the encoder is to be run.
package struct MediaLimits: Sendable, Codable, Equatable {
    package var maximumDurationSeconds: Double
    /// Of the longer side in pixels, as shown.
    package var maximumWidth: Int
    /// Of the shorter side in pixels, as shown.
    package var maximumHeight: Int
    /// Faster sources are halved until they fit.
    package var maximumFrameRate: Double
    /// Of either side in pixels.
    package var minimumSide: Int
    /// x264 preset.
    package var preset: String
    package var threadsPerEncoder: Int
    package var segmentSeconds: Int
    package var audioKilobitsPerSecond: Int

    package init(
        maximumDurationSeconds: Double = 4 * 3_600, maximumWidth: Int = 8_192, maximumHeight: Int = 4_320,
        maximumFrameRate: Double = 60, minimumSide: Int = 2, preset: String = "veryfast",
        threadsPerEncoder: Int = 2, segmentSeconds: Int = 4, audioKilobitsPerSecond: Int = 128
    ) {
        self.maximumDurationSeconds = maximumDurationSeconds
        self.maximumWidth = maximumWidth
        self.maximumHeight = maximumHeight
        self.maximumFrameRate = maximumFrameRate
        self.minimumSide = minimumSide
        self.preset = preset
        self.threadsPerEncoder = threadsPerEncoder
        self.segmentSeconds = segmentSeconds
        self.audioKilobitsPerSecond = audioKilobitsPerSecond
    }
}
