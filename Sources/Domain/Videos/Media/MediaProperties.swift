/// What a probe found in a source file. Widths and heights are as shown, after rotation and pixel aspect.
package struct MediaProperties: Sendable, Codable, Equatable {
    package var container: String
    /// Seconds; of the video stream, or of the container where the stream does not say.
    package var durationSeconds: Double
    package var width: Int
    package var height: Int
    /// Frames per second as a fraction, the average of a variable rate.
    package var frameRate: Fraction
    package var isVariableFrameRate: Bool
    package var videoCodec: String
    package var bitDepth: Int
    /// Clockwise degrees that a player must turn the coded picture by: 0, 90, 180 or 270.
    package var rotation: Int
    package var audioTracks: [AudioTrack]

    package struct AudioTrack: Sendable, Codable, Equatable {
        /// Index of the stream in the container.
        package var stream: Int
        package var codec: String
        package var channels: Int
        package var sampleRate: Int
        /// RFC 5646 language tag where the file names one.
        package var language: String?

        package init(stream: Int, codec: String, channels: Int, sampleRate: Int, language: String?) {
            self.stream = stream
            self.codec = codec
            self.channels = channels
            self.sampleRate = sampleRate
            self.language = language
        }
    }

    package init(
        container: String, durationSeconds: Double, width: Int, height: Int, frameRate: Fraction,
        isVariableFrameRate: Bool, videoCodec: String, bitDepth: Int, rotation: Int, audioTracks: [AudioTrack]
    ) {
        self.container = container
        self.durationSeconds = durationSeconds
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.isVariableFrameRate = isVariableFrameRate
        self.videoCodec = videoCodec
        self.bitDepth = bitDepth
        self.rotation = rotation
        self.audioTracks = audioTracks
    }
}

/// A positive ratio of two integers, such as a frame rate of 30000/1001.
package struct Fraction: Sendable, Codable, Equatable {
    package var numerator: Int
    package var denominator: Int
    package var value: Double { Double(numerator) / Double(denominator) }

    package init(_ numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }
}
